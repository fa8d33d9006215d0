"""The composition root: builds one deployment's parts from its environment. Nothing here knows an account.

What only some functions need (HTTP, KMS, Secrets Manager, S3) is imported and made when it is first asked for: every
import at the top is start-up time of every function.
"""

from syncro_quickbooks.bootstrap.whole import Deployment, deployment

__all__ = ["Deployment", "deployment"]
