"""The local run deploys template.yaml with the listed differences and no other."""

import copy
from typing import Any

import pytest

from local.cloudformation import code_folders, for_local_run, load, resources
from local.schemas import REGISTERED

TEMPLATE = load()
SCHEMAS = [f"{kind.title().replace('_', '')}EventSchema" for kind in REGISTERED]
FUNCTIONS = {
    "OnInvoiceUpdatedFunction": "on_invoice_updated",
    "OnPaymentUpdatedFunction": "on_payment_updated",
    "OnStoreCreditUpdatedFunction": "on_store_credit_updated",
    "OnProductUpdatedFunction": "on_product_updated",
    "OnCustomerUpdatedFunction": "on_customer_updated",
    "OnVendorUpdatedFunction": "on_vendor_updated",
    "OnPurchaseOrderUpdatedFunction": "on_purchase_order_updated",
    "OnCustomerPurchaseUpdatedFunction": "on_customer_purchase_updated",
    "OnForceUpdateRequestedFunction": "on_force_update_requested",
    "QboPushFunction": "qbo_push",
    "QboPaymentPollFunction": "qbo_payment_poll",
    "QboWebhookFunction": "qbo_webhook",
    "OneTimeJobsFunction": "one_time_jobs",
    "QbdSoapFunction": "qbd_soap",
    "ConsoleFunction": "console",
    "SweepFunction": "sweep",
    "MeasureFunction": "measure",
    "RetryFailedFunction": "retry_failed",
    "ReconcileFunction": "reconcile",
    "QboConnectFunction": "qbo_connect",
    "UpkeepFunction": "upkeep",
}
ALARMS = [name for name, each in resources(TEMPLATE).items() if each["Type"] == "AWS::CloudWatch::Alarm"]
UPLOADED = {folder: f"s3://code/{folder.strip('/').replace('/', '-')}.zip" for folder in code_folders(TEMPLATE)}


def test_what_is_deployed_locally_is_the_template_but_for_the_listed_differences() -> None:
    expected: dict[str, Any] = copy.deepcopy(TEMPLATE)
    body = expected["Resources"]
    for left_out in ("EventArchive", "SchemaRegistry", *SCHEMAS, "InboxBucketPolicy", *ALARMS):
        del body[left_out]
    body["CommonLayer"]["Properties"]["ContentUri"] = "s3://code/layers-common.zip"
    for function, folder in FUNCTIONS.items():
        body[function]["Properties"]["CodeUri"] = f"s3://code/functions-{folder}.zip"
    tokens_of = ["QboPushFunction", "QboPaymentPollFunction", "ConsoleFunction", "ReconcileFunction"]
    tokens_of += ["QboConnectFunction", "UpkeepFunction"]
    sealed = {**dict.fromkeys(tokens_of, "Tokens"), "OneTimeJobsFunction": "SyncroAccess"}
    for holder, sid in sealed.items():
        (tokens,) = (s for s in body[holder]["Properties"]["Policies"][0]["Statement"] if s["Sid"] == sid)
        del tokens["Condition"]

    local, _ = for_local_run(TEMPLATE, UPLOADED)

    assert local == expected


def test_every_difference_is_told() -> None:
    _, told = for_local_run(TEMPLATE, UPLOADED)
    assert sorted(line.split()[0] for line in told) == sorted(
        [
            "CommonLayer.ContentUri",
            "EventArchive",
            "SchemaRegistry",
            *SCHEMAS,
            "InboxBucketPolicy",
            *(f"{function}.CodeUri" for function in FUNCTIONS),
            "QboPushFunction.Policies:",
            "QboPaymentPollFunction.Policies:",
            "ConsoleFunction.Policies:",
            "OneTimeJobsFunction.Policies:",
            "ReconcileFunction.Policies:",
            "QboConnectFunction.Policies:",
            "UpkeepFunction.Policies:",
            *ALARMS,
        ]
    )


def test_the_template_itself_stays_as_it_was() -> None:
    before = copy.deepcopy(TEMPLATE)
    for_local_run(TEMPLATE, UPLOADED)
    assert before == TEMPLATE


def test_code_that_was_not_uploaded_is_an_error() -> None:
    with pytest.raises(KeyError, match="functions/sweep/"):
        for_local_run(TEMPLATE, {folder: "s3://x" for folder in UPLOADED if folder != "functions/sweep/"})
