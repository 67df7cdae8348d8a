#include "verify/submission/unpack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "reference/base/sha256.h"
#include "verify/submission/pack_sample.h"
#include "verify/submission/unpack_lexer.h"

namespace pg::verify {
namespace {

using testing::HasSubstr;

CodeFile unpack(const std::string& content, const std::map<std::string, std::string>& siblings = {}) {
  return unpack_code("train_gpt.py", content, [&](std::string_view path) -> std::optional<std::string> {
    const auto found = siblings.find(std::string(path));
    return found == siblings.end() ? std::nullopt : std::optional(found->second);
  });
}

TEST(Unpack, LeavesAPlainScriptAsItIs) {
  const CodeFile file = unpack(sample_script());
  EXPECT_EQ(file.packed, "");
  EXPECT_EQ(file.opaque, "");
  EXPECT_EQ(file.source, sample_script());
  EXPECT_EQ(file.decoded_bytes, sample_script().size());
  EXPECT_EQ(file.sha256, sha256_hex(sample_script()));
  const Span place = file.shipped_position(sample_script().find("from helper"));
  EXPECT_EQ(place.line, 2u);
  EXPECT_EQ(place.column, 1u);
}

TEST(Unpack, OpensTheUsualWrapperAndSaysWhereItsLiteralStands) {
  const CodeFile file = unpack(xz_wrapper(sample_script()));
  EXPECT_EQ(file.packed, "lzma+b85");
  EXPECT_EQ(file.source, sample_script());
  ASSERT_EQ(file.layers.size(), 1u);
  EXPECT_EQ(file.layers[0].codec, "lzma+b85");
  EXPECT_EQ(file.layers[0].decoded_bytes, sample_script().size());
  EXPECT_EQ(file.layers[0].literal.line, 2u);
  EXPECT_EQ(file.layers[0].literal.column, 31u);
  EXPECT_EQ(file.shipped_position(500).line, 2u);
  EXPECT_EQ(file.shipped_position(500).offset, xz_wrapper("").find('"'));
}

// Every way of writing the calls that the pull requests show, and a few they do not.
TEST(Unpack, OpensEveryWayOfWritingTheCalls) {
  const std::string s = sample_script(), xz = b85(pack_xz(s)), raw = b85(pack_raw(s)), z = b64(pack_zlib(s));
  const std::pair<std::string, std::string> wrappers[] = {
      {"lzma-raw+b85", "import lzma as L,base64 as B\n__wrapper_size__=9\nexec(L.decompress(B.b85decode(\"" + raw +
                           "\"),format=L.FORMAT_RAW,filters=[{\"id\":L.FILTER_LZMA2}]))"},
      {"lzma-raw+b85",
       "import "
       "lzma,base64\nF=[{'id':lzma.FILTER_LZMA2,'dict_size':1<<24}]\nexec(lzma.decompress(filters=F,format=3,data="
       "base64.b85decode('" +
           raw + "')))"},
      {"lzma+b85", "import base64, lzma\n_c = lzma.decompress(base64.b85decode(b'" + xz +
                       "'))\nopen('x.py','wb').write(_c)\nimport runpy; runpy.run_path('x.py')"},
      {"lzma+b85", "from base64 import b85decode as d\nfrom lzma import decompress\nexec(compile(decompress(d('" + xz +
                       "')).decode('utf-8'), __file__, 'exec'))"},
      {"lzma+b85", "exec(__import__('lzma').decompress(__import__('base64').b85decode('" + xz + "')))"},
      {"lzma+b85", "import lzma as L,base64 as B,linecache as C\nS=L.decompress(B.b85decode('" + xz +
                       "'))\nS=S.decode()\nexec(compile(S,'f','exec'))"},
      {"lzma+b85", "import lzma,base64\nD = (\n '" + xz.substr(0, 70) + "'\n '" + xz.substr(70) +
                       "'\n)\nexec(lzma.decompress(base64.b85decode(''.join(D))))"},
      {"lzma+b85", "import lzma,base64\nD = ['" + xz.substr(0, 70) + "', '" + xz.substr(70) +
                       "']\nexec(lzma.decompress(base64.b85decode(''.join(D))))"},
      {"lzma+b85", "import lzma,base64\nd = '" + xz.substr(0, 70) + "' + '" + xz.substr(70, 70) + "'\nd += '" +
                       xz.substr(140) + "'\nexec(lzma.decompress(base64.b85decode(d)))"},
      {"lzma+b85", "import lzma,base64\nb=b\"\"\"\n" + xz.substr(0, 80) + "\n" + xz.substr(80) +
                       "\n\"\"\"\nexec(lzma.decompress(base64.b85decode(b.replace(b\"\\n\",b\"\"))))"},
      {"zlib+b64", "import zlib,base64;exec(zlib.decompress(base64.b64decode('" + z + "')))"},
      {"zlib+b64",
       "import zlib,base64;exec(zlib.decompress(base64.b64decode('" + std::string(z.rbegin(), z.rend()) + "'[::-1])))"},
      {"zlib+b64", "import zlib,binascii;exec(zlib.decompressobj().decompress(binascii.a2b_base64('" + z + "')))"},
      {"zlib+b64", "import codecs;exec(codecs.decode(codecs.decode(b'" + z + "','base64'),'zlib'))"},
      {"zlib+b64", "import zlib,base64\nd=getattr(zlib,'decompress')\nexec(d(base64.b64decode('" + z + "')))"},
      {"zlib+hex", "import zlib\nexec(zlib.decompress(bytes.fromhex('" + hex(pack_zlib(s)) + "')))"},
      {"bz2+b85", "import bz2,base64\nexec(bz2.decompress(base64.b85decode('" + b85(pack_bz2(s)) + "')))"},
      {"brotli+b85", "import brotli as B,base64 as b\nexec(B.decompress(b.b85decode('" + b85(pack_brotli(s)) + "')))"},
      {"zstd+b85", "import zstandard,base64\nexec(zstandard.ZstdDecompressor().decompress(base64.b85decode('" +
                       b85(pack_zstd(s)) + "')))"},
      {"b64", "import base64\nexec(base64.b64decode('" + b64(s) + "'))"},
      // A helper of its own: the literal's looks are all there is.
      {"lzma+b85",
       "import lzma, base64\ndef u(s):\n    return lzma.decompress(base64.b85decode(s))\nexec(u('" + xz + "'))"},
      {"brotli+b64", "import x\nx.run(\"" + b64(pack_brotli(s)) + "\")"},
  };
  for (const auto& [codec, wrapper] : wrappers) {
    const CodeFile file = unpack(wrapper);
    EXPECT_EQ(file.packed, codec) << wrapper.substr(0, 120) << " " << file.opaque;
    EXPECT_EQ(file.source, s) << wrapper.substr(0, 120);
  }
}

TEST(Unpack, OpensWrappersInsideWrappersUpToTheLimit) {
  std::string script = sample_script();
  for (int i = 0; i < 3; ++i) script = xz_wrapper(script);
  const CodeFile three = unpack(script);
  EXPECT_EQ(three.source, sample_script());
  EXPECT_EQ(three.packed, "lzma+b85+lzma+b85+lzma+b85");
  EXPECT_EQ(three.layers.size(), 3u);
  for (int i = 0; i < 6; ++i) script = xz_wrapper(script);
  EXPECT_THAT(unpack(script).opaque, HasSubstr("wrappers inside each other"));
}

TEST(Unpack, ReadsPayloadsOfSiblingFiles) {
  const std::string s = sample_script();
  const std::string scripts[] = {
      "import lzma\nexec(lzma.decompress(open('code.xz','rb').read()))",
      "import lzma,os\nwith open(os.path.join(os.path.dirname(__file__),'code.xz'),'rb') as f:\n  "
      "exec(lzma.decompress(f.read()))",
      "import lzma\nfrom pathlib import Path\nexec(lzma.decompress((Path(__file__).parent / 'code.xz').read_bytes()))",
      "import lzma\nexec(lzma.open('code.xz').read())"};
  for (const std::string& script : scripts) {
    const CodeFile file = unpack(script, {{"code.xz", pack_xz(s)}});
    EXPECT_EQ(file.source, s) << script;
    EXPECT_EQ(file.packed, "lzma") << script;
    EXPECT_THAT(unpack(script).opaque, HasSubstr("'code.xz', which is not at hand")) << script;
  }
  const CodeFile beside = unpack(
      "import lzma, pathlib\n_s = "
      "lzma.decompress(pathlib.Path(__file__).with_suffix('.py.lzma').read_bytes())\nexec(_s)\n",
      {{"train_gpt.py.lzma", pack_xz(s)}});
  EXPECT_EQ(beside.source, s);
  EXPECT_EQ(unpack("import lzma\nexec(lzma.decompress(open('../x.xz','rb').read()))", {{"x.xz", pack_xz(s)}}).packed,
            "")
      << "nothing outside the folder is read";
}

TEST(Unpack, OpensABundleOfFiles) {
  const CodeFile file =
      unpack("import lzma, json\nb = json.loads(lzma.decompress(open('c', 'rb').read()))\nexec(b['a.py'])",
             {{"c", pack_xz("{\"a.py\": \"import b\\n\", \"b.py\": \"def f(x):\\n  return x\\n\"}")}});
  EXPECT_EQ(file.source, "import b\n\ndef f(x):\n  return x\n");
}

TEST(Unpack, KeepsAScriptThatHoldsSomePackedCodeBesideItsOwn) {
  const std::string own = sample_script() + sample_script() + sample_script();
  const CodeFile file = unpack(own + "import lzma as L,base64 as B\nexec(L.decompress(B.b85decode('" +
                               b85(pack_xz(sample_script())) + "')))\n");
  EXPECT_EQ(file.packed, "lzma+b85");
  ASSERT_EQ(file.segments.size(), 2u);
  EXPECT_TRUE(file.segments[0].verbatim);
  EXPECT_TRUE(file.source.starts_with(own));
  EXPECT_TRUE(file.source.ends_with(sample_script()));
  EXPECT_EQ(file.shipped_position(own.find("main")).line, 5u);
  EXPECT_EQ(file.shipped_position(file.source.size() - 5).line, file.layers[0].literal.line);
}

TEST(Unpack, DoesNotTakeDataForCode) {
  std::string table;
  for (int i = 0; i < 4000; ++i) table += static_cast<char>(i * i % 251);
  for (const std::string& literal : {b85(pack_zlib(table)), b85(table), b64(pack_xz(std::string(3000, 'a')))}) {
    const CodeFile file = unpack(sample_script() + sample_script() + sample_script() +
                                 "import zlib,base64\nT = zlib.decompress(base64.b85decode('" + literal + "'))\n");
    EXPECT_EQ(file.packed, "");
    EXPECT_EQ(file.opaque, "");
  }
  const CodeFile loader =
      unpack("import zlib,io,torch\nm = torch.load(io.BytesIO(zlib.decompress(open('m.ptz','rb').read())))\n");
  EXPECT_EQ(loader.opaque, "") << "a model is no code";
  const CodeFile packer = unpack(
      "import base64\ncode = open(__file__).read()\nw = b'import lzma as L,base64 as "
      "B\\nexec(L.decompress(B.b85decode(\"' + base64.b85encode(code) + b'\")))'\n");
  EXPECT_EQ(packer.packed + packer.opaque, "") << "a script that writes wrappers is none";
}

TEST(Unpack, SaysWhyCodeCannotBeRead) {
  std::string broken = xz_wrapper(sample_script());
  broken.replace(120, 4, "0000");
  EXPECT_THAT(unpack(broken).opaque, HasSubstr("line 2: decoding (lzma) failed"));
  EXPECT_EQ(unpack(broken).source, "");
  std::string noise;
  for (int i = 0; i < 900; ++i) noise += static_cast<char>((i * 7919 + i * i * 31) % 253);
  EXPECT_THAT(unpack("import marshal,base64\nexec(marshal.loads(base64.b64decode('" + b64(noise) + "')))").opaque,
              HasSubstr("marshal"));
  EXPECT_THAT(
      unpack("import zlib,base64\nexec(zlib.decompress(base64.b64decode('" + b64(pack_zlib(noise)) + "')))").opaque,
      HasSubstr("no Python source"));
  EXPECT_THAT(unpack("import x\nexec(x.y('" + b85(noise) + "'))").opaque, HasSubstr("no known decoder"));
  EXPECT_THAT(unpack_code("a.pyc", "x").opaque, HasSubstr("compiled"));
  EXPECT_THAT(unpack(std::string("import os\0\0", 11)).opaque, HasSubstr("not text"));
  EXPECT_THAT(unpack("import zlib,base64\nexec(zlib.decompress(base64.b64decode('" +
                     b64(pack_zlib(std::string(80u << 20, 'x'))) + "')))")
                  .opaque,
              HasSubstr("limit"));
}

TEST(Unpack, GivesUpOnEndlessScripts) {
  std::string endless;
  for (std::size_t i = 0; i < PyTokens::kMaxTokens; ++i) endless += "x\n";
  EXPECT_THAT(unpack(endless).opaque, HasSubstr("2,000,000 tokens"));
}

TEST(Unpack, TakesAnEmptyFileForEmptyAndPlain) {
  const CodeFile file = unpack("");
  EXPECT_EQ(file.opaque + file.packed + file.source, "");
  EXPECT_EQ(file.shipped_position(0).line, 1u);
}

TEST(Unpack, IsQuickOnHostileInput) {
  std::string doubling = "x='" + std::string(1000, 'a') + "'\n";
  for (int i = 0; i < 60; ++i) doubling += "x=x+x\n";
  unpack(doubling + "import zlib\nexec(zlib.decompress(x))");
  std::string nested, many, pieces = "d=''\n";
  for (int i = 0; i < 50'000; ++i) nested += "exec(";
  for (int i = 0; i < 50'000; ++i) many += "base64.b64decode('aGk=');";
  for (int i = 0; i < 20'000; ++i) pieces += "d+='" + std::string(60, 'a') + "'\n";
  unpack(nested);
  unpack(many);
  unpack(pieces);
  unpack("x='" + std::string(1 << 20, 'a') + "'.decode()" + nested);
}

}  // namespace
}  // namespace pg::verify
