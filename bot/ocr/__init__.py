"""Reading pictures on this machine; needs the extra `ocr`."""
