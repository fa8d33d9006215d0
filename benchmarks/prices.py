"""AWS list prices, us-east-1, US dollars (aws.amazon.com/…/pricing, November 2026), and what a flow costs by them.

How long a function runs is worked out, not measured: its CPU, 5 ms for every call of the table and what QuickBooks
takes to answer. Free tiers and logs are left out.
"""

from decimal import Decimal

from benchmarks.flows import Cost

GB_SECOND = Decimal("0.0000133334")  # Lambda on arm64
INVOCATION = Decimal("0.20") / 1_000_000
READ_UNIT = Decimal("0.125") / 1_000_000  # DynamoDB, on demand
WRITE_UNIT = Decimal("0.625") / 1_000_000
MESSAGE = 3 * Decimal("0.50") / 1_000_000  # FIFO: sent, received, deleted
EVENT = Decimal("1.00") / 1_000_000  # EventBridge, put on a bus of one's own

TABLE_CALL = 0.005  # seconds; single-digit milliseconds by DynamoDB's own words
ANSWER = 0.8  # seconds that one document takes QuickBooks; nobody publishes it
MEMBER = 0.15  # seconds for every further member of a batch
CPU_FACTOR = 2.0  # a GB of Lambda is 0.58 of a processor, and this machine's is about as fast


def seconds(cost: Cost) -> float:
    """About how long functions run for a flow, in all."""
    answers = cost.calls * ANSWER + (cost.by_member - cost.calls) * MEMBER
    return cost.cpu * CPU_FACTOR + cost.table_calls * TABLE_CALL + answers


def dollars(cost: Cost) -> dict[str, Decimal]:
    """What a flow costs, by service. Every document came with an event, and every message ran a function."""
    invocations = cost.documents + cost.messages
    return {
        "Lambda": Decimal(str(seconds(cost))) * GB_SECOND + invocations * INVOCATION,
        "DynamoDB": Decimal(str(cost.read_units)) * READ_UNIT + cost.write_units * WRITE_UNIT,
        "SQS": cost.messages * MESSAGE,
        "EventBridge": cost.documents * EVENT,
    }
