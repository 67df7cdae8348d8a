#pragma once

namespace pg::verify::py {

// Memory of one parse. While it lives, tree-sitter takes what it allocates on this thread from blocks that belong to
// the thread, and gives all of it back at once in the end: a tree of some hundred thousand small pieces need not be
// taken apart. So everything that tree-sitter made inside must be gone or forgotten before it ends; what holds memory
// from elsewhere (a parser: its scanner) is to be deleted as usual. Other threads, and this one outside of it, use the
// heap as ever. Does nothing under AddressSanitizer, which is to see each piece.
class ParseMemory {
 public:
  ParseMemory();
  ~ParseMemory();
  ParseMemory(const ParseMemory&) = delete;
  ParseMemory& operator=(const ParseMemory&) = delete;
  // Whether trees made inside are given back with it; else they have to be deleted.
  static bool frees_trees();
};

}  // namespace pg::verify::py
