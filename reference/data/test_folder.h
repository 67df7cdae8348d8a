#pragma once

#include "reference/base/test_folder.h"
#include "reference/data/token_shard.h"

namespace pg::data {

class TestFolder : public pg::TestFolder {
 public:
  std::filesystem::path shard(const std::string& name, const std::vector<std::uint16_t>& tokens) const {
    auto writer = ShardWriter::create(root() / name);
    EXPECT_TRUE(writer.ok() && writer->write(tokens).ok() && writer->finish().ok()) << name;
    return root() / name;
  }
};

}  // namespace pg::data
