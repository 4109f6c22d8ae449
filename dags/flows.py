"""One Airflow DAG for each enabled flow of the site in UDIHUB_SITE.

    in    fetch → process, mapped over batches of document ids → reconcile → push_after → send
    out   push → send → watch;   with approval: required   ask → approved → push → send → watch

A new YAML file in the site's `flows/` is a new DAG at the next parse; nothing here is edited for it.
"""

from __future__ import annotations

from airflow.sdk import DAG, chain, get_parsing_context

from dags import tasks
from dags.plan import Planned, planned

_INWARD = """{about}

Files are fetched, landed and processed in batches; then discrepancies are renewed, and what became due goes out.
Each task may be tried again at any time: nothing is taken twice.

```yaml
{text}
```
"""
_OUTWARD = """{about}

Facts that the other side was not told yet are written and delivered; then overdue acknowledgements are looked for.
Each task may be tried again at any time: nothing is told twice, and a delivery keeps its id.

```yaml
{text}
```
"""


def build(flow: Planned) -> DAG:
    """The DAG of one flow; its id is the flow's name."""
    inward = flow.direction == "in"
    with DAG(
        flow.flow,
        description=flow.about or f"{flow.agreement}, {'from' if inward else 'to'} {flow.transport}",
        doc_md=(_INWARD if inward else _OUTWARD).format(about=flow.about, text=flow.text.strip()),
        schedule=flow.schedule,
        start_date=tasks.START,
        catchup=False,
        max_active_runs=1,
        default_args=tasks.DEFAULTS,
        tags=flow.tags,
    ) as dag:
        if inward:
            chain(tasks.process.expand(document_ids=tasks.fetch(flow.flow)), tasks.reconcile(), tasks.push_after(flow.flow), tasks.send())
        elif flow.approval:
            asking = tasks.push.override(task_id="ask")(flow.flow)
            chain(asking, tasks.approved(flow.flow), tasks.push(flow.flow), tasks.send(), tasks.watch())
        else:
            chain(tasks.push(flow.flow), tasks.send(), tasks.watch())
    return dag


for _flow in planned(get_parsing_context().dag_id):
    globals()[f"flow_{_flow.flow}"] = build(_flow)
