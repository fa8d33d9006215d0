"""What cfn-lint does not see: each function has what it needs and no more."""

import ast
import json
from pathlib import Path

import pytest

from local.cloudformation import ROOT, Template, load, mapping, properties, resources, statements

TEMPLATE = load()
RESOURCES = resources(TEMPLATE)
FUNCTIONS = {name: properties(r) for name, r in RESOURCES.items() if r["Type"] == "AWS::Serverless::Function"}
GLOBALS = mapping(mapping(TEMPLATE["Globals"])["Function"])
READ_BY_LIBRARIES = {"POWERTOOLS_SERVICE_NAME", "POWERTOOLS_METRICS_NAMESPACE", "LOG_LEVEL", "AWS_ENDPOINT_URL"}
SHIPPED = [*(ROOT / "layers/common/syncro_quickbooks").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]


def variables_of(node: Template) -> set[str]:
    return set(mapping(mapping(node.get("Environment", {})).get("Variables", {})))


def strings_in(path: Path) -> set[str]:
    """Every string constant of a source file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def variables_read_in(path: Path) -> set[str]:
    """The names a source file looks up in the environment: `os.environ["X"]`, `self._environ.get("X")`."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Subscript):
            holder, key = node.value, node.slice
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args:
            holder, key = node.func.value, node.args[0]
        else:
            continue
        if ast.unparse(holder).rpartition(".")[2] in {"environ", "_environ"} and isinstance(key, ast.Constant):
            found.add(str(key.value))
    return found


def allowed(node: Template, field: str) -> list[str]:
    value = node[field]
    return [
        item if isinstance(item, str) else json.dumps(item) for item in (value if isinstance(value, list) else [value])
    ]


def permissions(name: str) -> list[Template]:
    """What a function may do: its own statements and those of the policies it shares with others."""
    named = [mapping(policy) for policy in FUNCTIONS[name]["Policies"] if "Ref" in policy]  # type: ignore[union-attr, operator]  # a list of policies
    shared = [properties(RESOURCES[str(policy["Ref"])]) for policy in named]
    return statements(FUNCTIONS[name]) + statements({"Policies": [policy["PolicyDocument"] for policy in shared]})


STATEMENTS = [
    pytest.param(statement, id=f"{name}.{statement['Sid']}") for name in FUNCTIONS for statement in permissions(name)
]
DOORS = {
    "OnInvoiceUpdatedFunction": "invoice",
    "OnPaymentUpdatedFunction": "payment",
    "OnStoreCreditUpdatedFunction": "store_credit",
    "OnProductUpdatedFunction": "product",
    "OnCustomerUpdatedFunction": "customer",
    "OnVendorUpdatedFunction": "vendor",
    "OnPurchaseOrderUpdatedFunction": "purchase_order",
    "OnCustomerPurchaseUpdatedFunction": "customer_purchase",
    "OnForceUpdateRequestedFunction": "force_update",
}


def test_there_are_functions_to_look_at() -> None:
    others = {
        "QboPaymentPollFunction",
        "QboWebhookFunction",
        "QboPushFunction",
        "QbdSoapFunction",
        "SweepFunction",
        "ConsoleFunction",
        "MeasureFunction",
        "RetryFailedFunction",
        "ReconcileFunction",
        "OneTimeJobsFunction",
        "QboConnectFunction",
        "UpkeepFunction",
    }
    assert set(FUNCTIONS) == {*DOORS, *others}
    assert len(STATEMENTS) >= 2 * len(FUNCTIONS)


@pytest.mark.parametrize(("name", "kind"), DOORS.items())
def test_a_door_takes_in_the_kind_its_rule_delivers(name: str, kind: str) -> None:
    (rule,) = mapping(FUNCTIONS[name]["Events"]).values()
    delivered = mapping(properties(mapping(rule))["Pattern"])["detail-type"]
    assert {str(detail_type).partition(".")[0] for detail_type in delivered} == {kind}  # type: ignore[union-attr]  # a list
    assert kind in strings_in(ROOT / str(FUNCTIONS[name]["CodeUri"]) / "app.py")


@pytest.mark.parametrize("name", DOORS)
def test_a_door_may_store_wake_and_refuse_and_only_force_update_may_look_around(name: str) -> None:
    actions = {action for statement in permissions(name) for action in allowed(statement, "Action")}
    everyone = {"dynamodb:BatchGetItem", "dynamodb:PutItem", "dynamodb:UpdateItem", "sqs:SendMessage"}
    inbox = {"s3:GetObject", "s3:ListBucket"}
    assert actions == everyone | ({"dynamodb:Query"} if name == "OnForceUpdateRequestedFunction" else inbox)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_handler_of_a_function_exists(name: str) -> None:
    module, _, function = str(GLOBALS["Handler"]).partition(".")
    source = ROOT / str(FUNCTIONS[name]["CodeUri"]) / f"{module}.py"
    body = ast.parse(source.read_text()).body
    defined = {node.name for node in body if isinstance(node, ast.FunctionDef)}
    assigned = {ast.unparse(target) for node in body if isinstance(node, ast.Assign) for target in node.targets}
    assert function in defined | assigned


def test_every_folder_of_functions_is_deployed() -> None:
    folders = {path.parent.name for path in (ROOT / "functions").glob("*/app.py")}
    assert folders == {Path(str(body["CodeUri"])).name for body in FUNCTIONS.values()}


@pytest.mark.parametrize("statement", STATEMENTS)
def test_a_permission_names_its_actions_and_resources(statement: Template) -> None:
    assert statement["Effect"] == "Allow"
    assert not [action for action in allowed(statement, "Action") if "*" in action]
    # Objects of our own bucket are the only thing that cannot be named beforehand.
    wild = [resource for resource in allowed(statement, "Resource") if "*" in resource]
    assert wild in ([], ['{"Fn::Sub": "${InboxBucket.Arn}/*"}'])


def test_only_the_workers_can_open_what_is_sealed_and_only_with_an_account_in_the_context() -> None:
    holders = {
        name: statement
        for name in FUNCTIONS
        for statement in permissions(name)
        if any(action.startswith("kms:") for action in allowed(statement, "Action"))
    }
    workers = {"QboPushFunction", "QboPaymentPollFunction", "OneTimeJobsFunction", "ReconcileFunction"}
    assert set(holders) == {*workers, "ConsoleFunction", "QboConnectFunction", "UpkeepFunction"}
    for holder in holders.values():
        assert holder["Condition"] == {"Null": {"kms:EncryptionContext:account_id": "false"}}


def test_the_service_for_desktop_reaches_the_table_and_nothing_else() -> None:
    # Which actions it needs there, tests/integration/desktop/test_permissions.py finds out.
    reached = [allowed(statement, "Resource") for statement in permissions("QbdSoapFunction")]
    assert reached == [['{"Fn::GetAtt": ["Table", "Arn"]}']]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_logs_to_its_own_group_which_forgets_and_survives_the_stack(name: str) -> None:
    logging = mapping(FUNCTIONS[name]["LoggingConfig"])
    group = RESOURCES[str(mapping(logging["LogGroup"])["Ref"])]
    assert group["DeletionPolicy"] == "Retain"
    assert properties(group)["RetentionInDays"] == {"Ref": "LogRetentionDays"}
    assert logging["LogFormat"] == "JSON"


def test_functions_are_traced_and_run_what_the_layer_is_built_for() -> None:
    layer = properties(RESOURCES["CommonLayer"])
    assert GLOBALS["Tracing"] == "Active"
    assert [GLOBALS["Runtime"]] == layer["CompatibleRuntimes"] == ["python3.13"]
    assert GLOBALS["Architectures"] == layer["CompatibleArchitectures"]


def test_a_write_of_130_seconds_fits_several_times_into_the_push() -> None:
    assert FUNCTIONS["QboPushFunction"]["Timeout"] == 300


def test_every_variable_the_template_sets_is_read_somewhere() -> None:
    declared = variables_of(GLOBALS).union(*map(variables_of, FUNCTIONS.values())) - READ_BY_LIBRARIES
    assert declared - set().union(*map(strings_in, SHIPPED)) == set()


def test_every_variable_the_code_reads_is_set_by_the_template() -> None:
    read = set().union(*map(variables_read_in, SHIPPED))
    assert {"REFUSED_EVENTS_QUEUE_URL", "TABLE_NAME"} <= read
    assert read - variables_of(GLOBALS).union(*map(variables_of, FUNCTIONS.values())) == set()


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_is_given_every_variable_its_own_door_reads(name: str) -> None:
    door = ROOT / str(FUNCTIONS[name]["CodeUri"]) / "app.py"
    assert variables_read_in(door) <= variables_of(GLOBALS) | variables_of(FUNCTIONS[name])


def test_no_secret_is_written_into_the_template() -> None:
    variables = variables_of(FUNCTIONS["QboPushFunction"])
    assert not [
        name
        for name in variables
        if name.endswith(("_SECRET", "_TOKEN", "_PASSWORD", "_KEY")) and "CREDENTIALS" not in name
    ]
    default = mapping(mapping(TEMPLATE["Parameters"])["IntuitCredentialsSecret"])["Default"]
    assert default == "syncro-quickbooks/intuit"
