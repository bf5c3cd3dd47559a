"""Gates on a Dask cluster: an existing scheduler and its workers, which have batuta-hooks, git and cargo installed.

The cluster is trusted: it runs the commands of the configuration, and what it sends back is read by Dask.  A worker
that is lost has its work done by another one.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any, TypeVar

from batuta_hooks.domain.errors import BatutaError

_Done = TypeVar("_Done")

PREFIX = "dask:"
_ANSWER_S = 10.0
_WORKERS_S = 60.0
_RETRIES = 2


def on_cluster(address: str, work: Callable[[Executor, int], _Done], jobs: int | None = None) -> _Done:
    """Do something with the executor of a cluster, and how many errands it takes at a time.

    Args:
        address: of the scheduler, such as ``tcp://127.0.0.1:8786``.
        jobs: the number of errands; ``None`` for one a worker's thread.

    Raises:
        BatutaError: Dask is not installed, the scheduler does not answer, or it has no workers.
    """
    try:
        from distributed import Client
        from distributed.comm.addressing import parse_address
        from distributed.comm.registry import get_backend
    except ImportError as error:
        mend = "pip install 'batuta-hooks[dask]'"
        raise BatutaError(f"Dask is not installed here: {error}", mend=mend) from error
    try:
        connect: Any = Client  # it declares no types
        get_backend(parse_address(address)[0])  # a client that cannot connect takes its time to end
        client = connect(address, timeout=_ANSWER_S, set_as_default=False)
    except (OSError, ValueError) as error:
        mend = "start it: dask scheduler"
        raise BatutaError(f"no Dask scheduler answers at {address}: {error}", mend=mend) from error
    with client:
        try:
            client.wait_for_workers(1, timeout=_WORKERS_S)
        except TimeoutError as error:
            mend = f"start one: dask worker {address}"
            raise BatutaError(f"the Dask scheduler at {address} has no workers", mend=mend) from error
        at_once = jobs or sum(client.nthreads().values())
        with client.get_executor(pure=False, retries=_RETRIES) as executor:
            return work(executor, at_once)


def address_of(executor: str) -> str:
    """The address in an ``--executor``.

    Raises:
        BatutaError: it names no cluster.
    """
    address = executor.removeprefix(PREFIX)
    if not executor.startswith(PREFIX) or not address:
        mend = "give dask:ADDRESS, such as dask:tcp://127.0.0.1:8786"
        raise BatutaError(f"--executor: `{executor}` names no cluster", mend=mend)
    return address
