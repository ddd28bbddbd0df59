"""Many tenants over many machines: a task a tenant, put once, and drawn by any number of workers.

    async with ExportQueue("redis://...") as queue:                      # or: xero-async export ... --queue redis://...
        await queue.put([ExportTask(tenant_id=id, folder="/srv/books") for id in ids])

    async with Xero(auth, limits=RedisLimits("redis://...")) as xero:    # or: xero-async worker --queue redis://...
        await Worker("redis://...", xero).run()

A task says what to draw and where to, and how far it has come is kept with what is drawn: so a task can be begun by one
worker and finished by another, and whoever is killed costs the pages that were not written yet. Nothing secret goes
through the queue: each worker signs in by itself.

What runs the tasks is taskiq on Redis streams (extra `[queue]`), for these reasons. It is asyncio throughout, as this
package is, so that one process draws many tenants; Celery and RQ are not, and arq is only kept alive. It is
maintained. An entry of a stream is acknowledged late, so that it comes again when its worker dies. And it needs nothing
that the shared limits do not need too: Redis or Valkey, 6.2 or later. What its broker does otherwise than a task that
takes hours needs it is told in `broker`; what Redis knows of tasks in `ledger`; what comes of a run in `worker`.

No two workers draw a tenant at a time: whoever draws it holds a lease, which is renewed for as long as they live, and
asks before each page that is written whether it is still theirs; and the tenant's folder is locked, where the storage
has locks, so that a process that was stopped amid a page keeps others out.

Those who have an engine of their own, such as Airflow, Dagster, Celery or Ray, call the same function, `export_tenant`,
from a task of theirs; it needs neither taskiq nor Redis. That no two of them draw a tenant at a time is theirs then.
"""

from .ledger import QueueError, Standing, State
from .putting import ExportQueue
from .task import ExportTask, export_tenant
from .worker import Event, Worker

__all__ = ["Event", "ExportQueue", "ExportTask", "QueueError", "Standing", "State", "Worker", "export_tenant"]
