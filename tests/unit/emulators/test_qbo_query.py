"""The query language and CDC (facts: QBO 2.4, 2.5)."""

from typing import Any

import pytest


@pytest.fixture
def people(us: Any) -> Any:
    """Customers 1 Amy's Bird Sanctuary, 2 Bill's Surf, 3 Cool\\Cars, 4 an inactive one; each a minute later."""
    for name in ("Amy's Bird Sanctuary", "Bill's Surf", "Cool\\Cars", "Dead"):
        us.customer(name, PrimaryEmailAddr={"Address": f"{name[0].lower()}@example.com"})
        us.time.pass_seconds(60)
    us.company.deactivate_by_hand("Customer", "4")
    return us


@pytest.mark.parametrize(
    ("statement", "ids"),
    [
        ("select * from Customer", ["1", "2", "3"]),
        ("SELECT * FROM Customer WHERE Active IN (true, false)", ["1", "2", "3", "4"]),
        ("select * from Customer where Active = false", ["4"]),
        (r"select * from Customer where DisplayName = 'Amy\'s Bird Sanctuary'", ["1"]),
        (r"select * from Customer where DisplayName = 'Cool\\Cars'", ["3"]),
        (r"select * from Customer where DisplayName IN ('Amy\'s Bird Sanctuary', 'Bill\'s Surf', 'No')", ["1", "2"]),
        ("select * from Customer where DisplayName LIKE '%Surf'", ["2"]),
        ("select * from Customer where DisplayName LIKE 'Dead%' and Active IN (true,false)", ["4"]),
        ("select * from Customer where PrimaryEmailAddr = 'c@example.com'", ["3"]),
        ("select * from Customer where Id > '1' and Id <= '3'", ["2", "3"]),
        ("select * from Customer where Id IN ('1','3')", ["1", "3"]),
        ("select * from Customer orderby Id desc", ["3", "2", "1"]),
        ("select * from Customer order by DisplayName DESC", ["3", "2", "1"]),
        ("select * from Customer STARTPOSITION 2 MAXRESULTS 1", ["2"]),
        ("select * from Customer MAXRESULTS 1 STARTPOSITION 3", ["3"]),
        ("select * from Customer where MetaData.CreateTime >= '2026-11-23T12:01:00Z'", ["2", "3"]),
        ("select * from Customer where MetaData.CreateTime > '2026-11-23T04:01:00-08:00'", ["3"]),
        ("select * from Customer where MetaData.CreateTime < '2026-11-23T12:01:00'", ["1"]),
        ("select * from Customer where DisplayName = 'nobody'", []),
    ],
)
def test_a_query_finds_and_orders(people: Any, statement: str, ids: list[str]) -> None:
    assert people.ids(statement) == ids


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("select * from Custmoer", "4001"),
        ("select * from Customer where PrivateNote = 'x'", "4001"),
        ("select * from Invoice where PrivateNote LIKE 'x%'", "4001"),
        ("select * from Payment where DocNumber = '1'", "4001"),
        ("select * from Customer STARTPOSITION 0", "4001"),
        ("select * from Customer MAXRESULTS 1001", "4001"),
        ("select * from Customer where Id = '1' or Id = '2'", "4000"),
        ("select * from Customer where DisplayName = 'Amy's'", "4000"),
        ('select * from Customer where DisplayName = "Amy"', "4000"),
        ("select * from Customer where DisplayName != 'Amy'", "4000"),
        ("select * from Customer group by Id", "4000"),
        ("delete from Customer", "4000"),
        ("", "4000"),
        ("select * from Customer where MetaData.CreateTime > 'yesterday'", "4001"),
    ],
)
def test_a_query_outside_the_grammar_is_refused(people: Any, statement: str, code: str) -> None:
    assert people.query_refusal(statement) == code


def test_the_wording_of_a_not_queryable_property(us: Any) -> None:
    answer = us.call("GET", "query", query="select * from Invoice where PrivateNote = 'x'")
    assert answer.detail == "QueryValidationError: property 'PrivateNote' is not queryable"


def test_an_empty_result_has_no_entity_key(us: Any) -> None:
    assert us.query("select * from Invoice") == {}


def test_count_and_page_have_intuits_shape(people: Any) -> None:
    assert people.query("select count(*) from Customer") == {"totalCount": 3}
    page = people.query("select * from Customer STARTPOSITION 2 MAXRESULTS 5")
    assert (page["startPosition"], page["maxResults"]) == (2, 2)


def test_a_hundred_rows_come_by_default_and_transactions_newest_first(us: Any) -> None:
    customer = us.customer()
    for _ in range(101):
        us.invoice(customer, "1")
    ids = us.ids("select * from Invoice")
    assert (len(ids), ids[0], ids[-1]) == (100, "101", "2")
    assert us.ids("select * from Invoice where Id > '99' ORDERBY Id MAXRESULTS 1000") == ["100", "101"]


def test_amounts_and_references_compare_by_value(us: Any) -> None:
    customer, other = us.customer("A"), us.customer("B")
    us.invoice(customer, "9.50", DocNumber="X1")
    us.invoice(other, "100")
    assert us.ids("select * from Invoice where TotalAmt > '10'") == ["2"]
    assert us.ids("select * from Invoice where CustomerRef = '1'") == ["1"]
    assert us.ids("select * from Invoice where DocNumber = 'X1' and Balance = '9.5'") == ["1"]


def test_a_long_statement_may_be_posted(people: Any) -> None:
    answer = people.call("POST", "query", "select * from Customer where Id = '2'")
    assert [row["Id"] for row in answer.body["QueryResponse"]["Customer"]] == ["2"]


def test_only_named_fields_come_if_asked(people: Any) -> None:
    rows = people.query("select Id, DisplayName from Customer where Id = '1'")["Customer"]
    assert rows == [{"domain": "QBO", "sparse": False, "Id": "1", "DisplayName": "Amy's Bird Sanctuary"}]


def test_cdc_tells_changed_and_deleted_per_entity(us: Any) -> None:
    customer = us.customer()
    us.invoice(customer, "1")
    us.time.pass_seconds(1800)
    us.invoice(customer, "2")
    us.invoice(customer, "3")
    us.company.delete_by_hand("Invoice", "2")
    answer = us.call("GET", "cdc", entities="Invoice,Payment", changedSince="2026-11-23T04:15:00-08:00")
    [response] = answer.body["CDCResponse"]
    invoices, payments = response["QueryResponse"]
    assert payments == {}
    assert [(row["Id"], row.get("status")) for row in invoices["Invoice"]] == [("3", None), ("2", "Deleted")]
    assert invoices["Invoice"][1] == {
        "domain": "QBO",
        "status": "Deleted",
        "Id": "2",
        "MetaData": {"LastUpdatedTime": "2026-11-23T04:30:00-08:00"},
    }


@pytest.mark.parametrize(
    ("entities", "since", "code"),
    [
        ("TaxCode", "2026-11-23T00:00:00Z", "2000"),
        ("Nothing", "2026-11-23T00:00:00Z", "2000"),
        ("Invoice", "2026-10-01T00:00:00Z", "2190"),
        ("Invoice", "soon", "2070"),
    ],
)
def test_cdc_refuses_what_it_does_not_carry(us: Any, entities: str, since: str, code: str) -> None:
    answer = us.call("GET", "cdc", entities=entities, changedSince=since)
    assert (answer.status, answer.code) == (400, code)
