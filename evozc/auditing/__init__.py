"""What a proxy really knows: the audit of proxies, formulas and columns of a table.

**The audit**: :func:`audit`, of tables by name or path; :func:`audit_table`, of one in memory;
:class:`AuditSettings`.

**What it finds**: :class:`AuditResults`, :class:`Audit`, :class:`ProxyAudit`, :class:`Measured`.

**Its files**: :func:`write_audit`, :func:`read_audit`.
"""

from evozc.auditing._audit import audit_table
from evozc.auditing._files import read_audit, write_audit
from evozc.auditing._measured import Measured
from evozc.auditing._results import Audit, AuditResults, ProxyAudit
from evozc.auditing._settings import AuditSettings
from evozc.auditing._transfer import audit

__all__ = [  # noqa: RUF022 - grouped by concept, as the docstring is
    "audit", "audit_table", "AuditSettings",
    "AuditResults", "Audit", "ProxyAudit", "Measured",
    "write_audit", "read_audit",
]
