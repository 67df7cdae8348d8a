#pragma once

#include "reference/base/test_folder.h"

namespace pg::verify {

class TestTree : public TestFolder {
 public:
  // A small folder in the contest's shape; "." is the tree's own.
  void submission(const std::string& path) const {
    file(path + "/README.md", "# A submission\n\nval_bpb: 1.2345\n");
    file(path + "/submission.json", R"({"name": "A", "author": "B", "github_id": "c", "val_bpb": 1.2345})"
                                    "\n");
    file(path + "/train_gpt.py", "print('hello')\n");
  }
};

}  // namespace pg::verify
