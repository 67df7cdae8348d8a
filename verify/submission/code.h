#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pg::verify {

// Where a piece of text lies in a file: byte offset and length, and the 1-based line and column (bytes) of its start.
struct Span {
  std::uint64_t offset = 0, length = 0;
  std::uint32_t line = 0, column = 0;
};

// One unwrapping step of a self-extracting script: the literal found in the layer above and what it decoded to.
struct CodeLayer {
  std::string codec;  // "b85", "b64", "lzma", "lzma-raw", "zlib", "bz2", "brotli", joined by '+' in the order of
                      // the calls from the outside in: "lzma+b85" is lzma.decompress(b85decode(...))
  Span literal;       // in the layer above (layer 0: the shipped file)
  std::uint64_t packed_bytes = 0, decoded_bytes = 0;
};

// A file that another one reaches: import, exec(open()), runpy, subprocess/ctypes compile of a C++ source, open() of a
// fixed name.
struct CodeReference {
  enum class Kind { import, exec, open, compile, subprocess };
  Kind kind;
  std::string target;              // path relative to the folder
  std::uint32_t line = 0;          // in the shipped file
  std::uint32_t decoded_line = 0;  // in the decoded source, where the file is packed
  std::string text;
};

// Which part of the shipped file a stretch of the decoded source comes from.
struct SourceSegment {
  std::uint64_t offset = 0, length = 0;  // in CodeFile::source
  Span shipped;                          // the packed literal; for plain text the same bytes
  bool verbatim = false;                 // shipped bytes as they are: offsets correspond one to one
};

// A source file of the submission, unwrapped without running anything.
struct CodeFile {
  std::string path;
  std::uint64_t bytes = 0;
  std::string sha256;
  std::string packed;  // "" = plain; else the chain of codecs, outermost first ("lzma+b85")
  std::vector<CodeLayer> layers;
  std::string opaque;  // not empty: why the code could not be reduced to source
  // The decoded source: the file itself where plain; the decoded code where the file is a wrapper, several pieces
  // joined by a newline; the file followed by its decoded pieces where a plain script holds some packed code too.
  // Empty where opaque.
  std::string source;
  std::uint64_t decoded_bytes = 0;      // of `source`
  std::vector<SourceSegment> segments;  // of `source`, in order; empty where plain
  // What may be references: unpack_code sees one file only, so imports and file names are candidates until
  // resolve_code (reach.h) has thrown out those that are no files of the folder.
  std::vector<CodeReference> references;

  // The place in the shipped file for an offset of `source`: the same offset where plain; the literal that holds the
  // packed text where packed (a compressed stream has no finer position).
  Span shipped_position(std::uint64_t source_offset) const;
};

// Unwraps one file's text. Never executes; output, ratio, depth and time are bounded (limits in unpack.h); what it
// cannot reduce it reports in `opaque`.
CodeFile unpack_code(std::string_view path, std::string_view content);

}  // namespace pg::verify
