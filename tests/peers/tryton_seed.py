"""What is in the Tryton of the tests. Run by its own Python, once; the filled database is kept.

    python tryton_seed.py CONFIGURATION

A company, a supplier, a product by lots; order 1 confirmed and received as lot L2026A01, which nobody ever touched again; order 2
offered, and
waiting for the supplier's word.
"""

# mypy: ignore-errors
# ruff: noqa: E402

from __future__ import annotations

import datetime as dt
import sys
from decimal import Decimal

from proteus import Model, config

cfg = config.set_trytond("hub", user="admin", config_file=sys.argv[1])

from trytond.modules.account.tests.tools import create_chart, create_fiscalyear, get_accounts
from trytond.modules.account_invoice.tests.tools import set_fiscalyear_invoice_sequences
from trytond.modules.company.tests.tools import create_company, get_company
from trytond.modules.currency.tests.tools import get_currency

create_company(currency=get_currency("EUR"))
company = get_company()
cfg._context = Model.get("res.user").get_preferences(True, {})
create_chart(company)
set_fiscalyear_invoice_sequences(create_fiscalyear(company)).click("create_period")
accounts = get_accounts(company)

supplier = Model.get("party.party")(name="Rheintal Titan AG", code="V1")
supplier.save()
category = Model.get("product.category")(name="Goods", accounting=True)
category.account_expense, category.account_revenue = accounts["expense"], accounts["revenue"]
category.save()
(unit,) = Model.get("product.uom").find([("name", "=", "Unit")])
template = Model.get("product.template")(
    name="Guidewire 0.035in",
    code="GW-035",
    default_uom=unit,
    type="goods",
    purchasable=True,
    list_price=Decimal(20),
    cost_price_method="fixed",
    account_category=category,
)
template.lot_required = ["supplier", "storage", "customer"]
template.save()
(product,) = template.products


def order(reference: str, quantity: int) -> object:
    """A purchase that was offered to the supplier."""
    made = Model.get("purchase.purchase")(party=supplier, reference=reference)
    line = made.lines.new()
    line.product, line.quantity, line.unit_price = product, quantity, Decimal("8.50")
    made.save()
    made.click("quote")
    return made


first = order("first", 120)
first.click("confirm")
first.click("process")
first.reload()
lot = Model.get("stock.lot")(number="L2026A01", product=product)
lot.expiration_date = dt.date(2029, 1, 31)
lot.save()
shipment = Model.get("stock.shipment.in")(supplier=supplier)
for move in first.moves:
    shipment.incoming_moves.append(Model.get("stock.move")(move.id))
shipment.save()
for move in shipment.incoming_moves:
    move.lot = lot
shipment.save()
shipment.click("receive")
if shipment.state == "received":
    shipment.click("do")
second = order("second", 40)
print(first.number, first.state, shipment.state, second.number, second.state)
