"""What a failed call to WeChat means, and what to do about it.

WeChat always answers HTTP 200; the code in the body tells (protocol notes, section 5).
https://developers.weixin.qq.com/doc/service/api/customer/message/api_sendcustommessage
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

TOKEN_ERRORS: Final = frozenset({40001, 40014, 42001})


class Remedy(StrEnum):
    """What the caller does with a message that WeChat did not take."""

    DROP = "drop"  # this person cannot be reached now
    FIX_CONTENT = "fix_content"  # the message itself is wrong
    FIX_ACCOUNT = "fix_account"  # settings, permissions or credentials; tell the operator
    WAIT = "wait"  # a quota is used up; it comes back
    RETRY = "retry"  # a passing failure


_REMEDIES: Final = {
    -1: Remedy.RETRY,  # WeChat is busy
    40003: Remedy.DROP,  # not an openid of this account
    43004: Remedy.DROP,  # not a follower
    45015: Remedy.DROP,  # silent for 48 hours, or no longer follows
    45047: Remedy.DROP,  # messages allowed after the last question are used up
    48002: Remedy.DROP,  # refuses messages
    45002: Remedy.FIX_CONTENT,  # text too long
    45008: Remedy.FIX_CONTENT,  # too many articles
    45009: Remedy.WAIT,  # calls of the day
    45011: Remedy.WAIT,  # calls of the minute
    40001: Remedy.FIX_ACCOUNT,  # token or secret; already tried with a new token
    40014: Remedy.FIX_ACCOUNT,
    42001: Remedy.FIX_ACCOUNT,
    40164: Remedy.FIX_ACCOUNT,  # our address is not on the IP list
    48001: Remedy.FIX_ACCOUNT,  # this kind of account may not call it: capability off
    48004: Remedy.FIX_ACCOUNT,  # the account is banned from it
}


class WeChatCallError(Exception):
    """A call that WeChat did not accept, or that did not reach it (code None).

    `remedy` says what to do. `retryable`: the same call may work later. `worth_another_try`: it
    may work at once, and cannot have been carried out already. Codes that the table does not name
    are taken for an account to be fixed: they do not pass by themselves.
    """

    def __init__(self, code: int | None, *, sent: bool = False) -> None:
        self.code = code
        self.remedy = Remedy.RETRY if code is None else _REMEDIES.get(code, Remedy.FIX_ACCOUNT)
        self.retryable = self.remedy in {Remedy.RETRY, Remedy.WAIT}
        self.worth_another_try = self.remedy is Remedy.RETRY and not sent
        super().__init__(f"WeChat call failed: code {code}, {self.remedy.value}")
