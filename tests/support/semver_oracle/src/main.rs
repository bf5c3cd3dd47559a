//! Says what the `semver` crate makes of a requirement and two versions.
//!
//! Each line of standard input holds three fields with tabs between them: a requirement and two versions, each as the
//! hexadecimal digits of its UTF-8 bytes, so that any text can be asked about. Each is answered by one line of five
//! fields: the canonical requirement, the two canonical versions, then two letters whether the requirement matches each
//! (`y`, `n`), then two signs (`<`, `=`, `>`): the order of the versions, and their precedence. `!` stands for a text
//! that the crate refuses, `-` for a question that a refused text leaves open.

use semver::{Version, VersionReq};
use std::cmp::Ordering;
use std::fmt::Display;
use std::io::{self, BufRead, BufWriter, Write};

fn main() -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    for line in io::stdin().lock().lines() {
        let line = line?;
        let fields: Vec<String> = line.split('\t').map(text).collect();
        let [requirement, left, right] = fields.as_slice() else {
            panic!("a line needs three fields: {line}");
        };
        let requirement = VersionReq::parse(requirement).ok();
        let (left, right) = (Version::parse(left).ok(), Version::parse(right).ok());
        let both = left.as_ref().zip(right.as_ref());
        writeln!(
            out,
            "{}\t{}\t{}\t{}{}\t{}{}",
            canonical(&requirement),
            canonical(&left),
            canonical(&right),
            matches(&requirement, &left),
            matches(&requirement, &right),
            both.map_or('-', |(left, right)| sign(left.cmp(right))),
            both.map_or('-', |(left, right)| sign(left.cmp_precedence(right))),
        )?;
    }
    out.flush()
}

fn text(hex: &str) -> String {
    let digit = |byte: u8| char::from(byte).to_digit(16).expect("hexadecimal digits") as u8;
    let bytes = hex
        .as_bytes()
        .chunks_exact(2)
        .map(|pair| digit(pair[0]) << 4 | digit(pair[1]));
    String::from_utf8(bytes.collect()).expect("UTF-8")
}

fn canonical<T: Display>(value: &Option<T>) -> String {
    value.as_ref().map_or_else(|| "!".to_string(), T::to_string)
}

fn matches(requirement: &Option<VersionReq>, version: &Option<Version>) -> char {
    match requirement.as_ref().zip(version.as_ref()) {
        Some((requirement, version)) if requirement.matches(version) => 'y',
        Some(_) => 'n',
        None => '-',
    }
}

fn sign(order: Ordering) -> char {
    match order {
        Ordering::Less => '<',
        Ordering::Equal => '=',
        Ordering::Greater => '>',
    }
}
