import pytest

from bot.channels.wechat_picture import WeChatPictures
from bot.channels.wechat_xml import parse_delivery
from bot.images import ImageError, ImageFault
from tests.fakes.wechat_sender import image_xml, text_xml


@pytest.mark.parametrize(
    ("url", "fetched"),
    [
        ("https://mmbiz.qpic.cn/mmbiz_jpg/a/0", "https://mmbiz.qpic.cn/mmbiz_jpg/a/0"),
        ("http://mmbiz.qpic.cn/a/0?wx_fmt=png", "https://mmbiz.qpic.cn/a/0?wx_fmt=png"),
        ("https://MMBIZ.QPIC.CN:443/a#x", "https://mmbiz.qpic.cn/a"),
        ("https://wx.qlogo.cn/mmopen/a/0", "https://wx.qlogo.cn/mmopen/a/0"),
    ],
)
def test_pictures_come_from_tencents_hosts_over_https(url, fetched):
    assert WeChatPictures().allowed(url) == fetched


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mmbiz.qpic.cn/a",
        "https://evil.example/a",
        "https://mmbiz.qpic.cn.evil.example/a",
        "https://evilqpic.cn/a",
        "https://mmbiz.qpic.cn@evil.example/a",
        "https://user:word@mmbiz.qpic.cn/a",
        "https://mmbiz.qpic.cn:8443/a",
        "https://mmbiz.qpic.cn:port/a",
        "https://evil.example\\@mmbiz.qpic.cn/a",
        "https://evil.example/?mmbiz.qpic.cn",
        "https://[::1]/a",
        "http://127.0.0.1/a",
        "http://169.254.169.254/latest",
        "file:///etc/passwd",
        "ftp://mmbiz.qpic.cn/a",
        "https://mmbiz。qpic。cn/a",
    ],
)
def test_no_other_address_is_called(url):
    # Unit tests have no sockets: a request would be another error.
    with pytest.raises(ImageError) as caught:
        WeChatPictures().loader(url)()
    assert caught.value.fault is ImageFault.UNREACHABLE


def test_only_an_image_has_a_picture():
    url = "http://mmbiz.qpic.cn/a/0"
    assert parse_delivery(image_xml(url).encode()).picture_url == url
    with_url = text_xml("问").replace("<MsgId>", f"<PicUrl>{url}</PicUrl><MsgId>")
    assert parse_delivery(with_url.encode()).picture_url == ""
