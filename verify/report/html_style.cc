#include "verify/report/html_style.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#include <array>

namespace pg::verify {
namespace {

// Colours by role; a dark reader gets the second set, paper always the first.
constexpr std::string_view kStyle = R"css(
:root{color-scheme:light dark;--bg:#ffffff;--ink:#1c2126;--faint:#5b6670;--rule:#d8dee4;--card:#f5f7f9;
--good:#1a7f37;--bad:#c3222f;--warn:#8a5a00;--note:#0b61b4;--a:#2f6fb0;--b:#d9822b;--c:#7d56b3;--free:#cfd8e0}
@media (prefers-color-scheme:dark){:root{--bg:#14181c;--ink:#e4e9ee;--faint:#9aa6b1;--rule:#323b44;--card:#1d2329;
--good:#4cc26a;--bad:#ff7b7b;--warn:#e2b13c;--note:#6cb2f5;--a:#5c9fe0;--b:#eda35a;--c:#b08fe0;--free:#3a454f}}
*{box-sizing:border-box}
body{margin:0 auto;padding:1.5rem;max-width:62rem;background:var(--bg);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI","Liberation Sans","DejaVu Sans",sans-serif}
h1{font-size:1.5rem;line-height:1.3;margin:0 0 .3rem;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:2.2rem 0 .7rem;padding-bottom:.25rem;border-bottom:1px solid var(--rule)}
p{margin:.3rem 0}a{color:var(--note)}
.verdict{display:inline-block;padding:.05em .5em;margin-right:.3em;border:2px solid;border-radius:.3em;white-space:nowrap}
.pass{color:var(--good)}.fail{color:var(--bad)}.inconclusive{color:var(--warn)}
.error{color:var(--bad)}.undecided,.warning{color:var(--warn)}.info,.unproved{color:var(--note)}
.faint{color:var(--faint)}.not_applicable{color:var(--faint)}
.facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(13.5rem,1fr));gap:.7rem;margin:1.1rem 0 0}
.facts div{background:var(--card);border:1px solid var(--rule);border-radius:.4rem;padding:.6rem .8rem;overflow-wrap:anywhere}
.facts b{display:block;font-size:.8rem;letter-spacing:.03em;color:var(--faint);font-weight:600}
.finding{border:1px solid var(--rule);border-left:4px solid currentColor;border-radius:.3rem;padding:.6rem .9rem;margin:.7rem 0}
.finding>*{color:var(--ink)}.finding>p:first-child{font-weight:600}
.kind{font-weight:700;margin-right:.4em}
.finding .kind.error{color:var(--bad)}.finding .kind.undecided,.finding .kind.warning{color:var(--warn)}
.finding .kind.info,.unproved{color:var(--note)}
.finding p,.finding td{overflow-wrap:anywhere}
.fix::before{content:"Fix: ";font-weight:600}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.87rem}
th,td{text-align:left;vertical-align:top;padding:.3rem .6rem;border-bottom:1px solid var(--rule)}
th{color:var(--faint);font-weight:600;white-space:nowrap}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
td.w{min-width:9rem;overflow-wrap:anywhere}td.v{white-space:nowrap}
.quotes{margin-top:.4rem}.quotes td{padding:.15rem .6rem .15rem 0;border:0}.quotes .place{width:1%}
code,.place{font-family:ui-monospace,"SFMono-Regular","Liberation Mono","DejaVu Sans Mono",monospace;font-size:.85em}
.place{white-space:nowrap}.quotes code{overflow-wrap:anywhere}
figure{margin:1rem 0 1.4rem}figcaption{font-size:.87rem;color:var(--faint);margin:.2rem 0 .5rem}
svg{display:block;width:100%;height:auto;font-family:inherit}
svg text{font-size:13px;fill:var(--ink)}svg .s{font-size:12px;fill:var(--faint)}svg .k{font-size:12px;fill:var(--bad)}
svg .m{font-weight:600}
.fa{fill:var(--a)}.fb{fill:var(--b)}.fc{fill:var(--c)}.ff{fill:var(--free)}.fbad{fill:var(--bad)}.fgood{fill:var(--good)}
.axis{stroke:var(--rule);stroke-width:1}.limit{stroke:var(--bad);stroke-width:1.5;stroke-dasharray:5 3}
.claim{stroke:var(--c);stroke-width:1.5;stroke-dasharray:5 3}.spread{stroke:var(--ink);stroke-width:2}
.guide{stroke:var(--faint);stroke-width:1;stroke-dasharray:2 3}
.train{fill:none;stroke:var(--a);stroke-width:1.4;opacity:.75}.val{fill:none;stroke:var(--b);stroke-width:1.8}
footer{margin-top:2.5rem;padding-top:.6rem;border-top:1px solid var(--rule);font-size:.85rem;color:var(--faint)}
main+main{margin-top:4rem;border-top:4px solid var(--rule);padding-top:2rem}
@media (max-width:45rem){body{padding:.8rem}.quotes td{display:block;width:auto}.quotes .place{width:auto;white-space:normal}}
@media print{:root{color-scheme:light;--bg:#ffffff;--ink:#000000;--faint:#444444;--rule:#bbbbbb;--card:#ffffff;
--good:#1a7f37;--bad:#b00020;--warn:#7a4f00;--note:#0b4f94;--a:#2f6fb0;--b:#d9822b;--c:#7d56b3;--free:#cfd8e0}
body{max-width:none;padding:0;font-size:10pt}h2{break-after:avoid}figure,.finding,tr{break-inside:avoid}
figure{max-width:17cm}.facts{grid-template-columns:1fr 1fr}.scroll{overflow:visible}table{font-size:8pt}
th{white-space:normal}td.w{min-width:0}code{overflow-wrap:anywhere}
.quotes td,.quotes .place{display:block;width:auto}.quotes .place{white-space:normal;overflow-wrap:anywhere;color:var(--faint)}h1{font-size:15pt}
rect,circle,line,path{print-color-adjust:exact;-webkit-print-color-adjust:exact}main+main{break-before:page;border:0}}
)css";

std::string base64(const unsigned char* bytes, int size) {
  std::array<unsigned char, 128> out{};
  const int n = ::EVP_EncodeBlock(out.data(), bytes, size);
  return {reinterpret_cast<const char*>(out.data()), static_cast<std::size_t>(n)};
}

}  // namespace

std::string_view page_style() {
  return kStyle;
}

std::string content_security_policy() {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  ::SHA256(reinterpret_cast<const unsigned char*>(kStyle.data()), kStyle.size(), digest.data());
  return "default-src 'none'; style-src 'sha256-" + base64(digest.data(), SHA256_DIGEST_LENGTH) +
         "'; base-uri 'none'; form-action 'none'";
}

}  // namespace pg::verify
