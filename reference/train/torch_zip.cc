// READ ME FIRST
// 1. The zip's records are stored, not deflated, and their data begin at multiples of 64 bytes: PyTorch maps them. An
//    extra field of the local header fills the gap, as PyTorch's own writer does.
// 2. A tensor is pickled as _rebuild_tensor_v2(persistent storage, offset, sizes, strides, requires_grad, hooks); the
//    storage's persistent id is ("storage", its class, record number, device, elements).
// 3. "byteorder" and "version" records must be there; readers ask for them.
#include "reference/train/torch_zip.h"

#include <fmt/format.h>
#include <zlib.h>

#include <limits>
#include <string>

#include "reference/base/output_file.h"
#include "reference/base/text.h"

namespace pg::train {
namespace {

void put_little(std::string& out, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xFF);
}

// Pickle, protocol 2: the few opcodes that a dictionary of tensors needs.
class Pickle {
 public:
  Pickle() : out_("\x80\x02") {}
  void op(std::string_view code) { out_ += code; }
  void text(std::string_view value) {
    out_ += 'X';
    put_little(out_, value.size(), 4);
    out_ += value;
  }
  void integer(std::int64_t value) {
    if (value >= 0 && value < 256) {
      out_ += 'K';
      put_little(out_, static_cast<std::uint64_t>(value), 1);
    } else if (value <= std::numeric_limits<std::int32_t>::max()) {
      out_ += 'J';
      put_little(out_, static_cast<std::uint64_t>(value), 4);
    } else {
      out_ += "\x8a\x08";
      put_little(out_, static_cast<std::uint64_t>(value), 8);
    }
  }
  void global(std::string_view module, std::string_view name) { out_ += fmt::format("c{}\n{}\n", module, name); }
  void integers(at::IntArrayRef values) {
    op("(");
    for (const std::int64_t value : values) integer(value);
    op("t");
  }
  const std::string& bytes() const { return out_; }

 private:
  std::string out_;
};

const char* storage_class(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return "FloatStorage";
    case at::kBFloat16:
      return "BFloat16Storage";
    case at::kHalf:
      return "HalfStorage";
    case at::kDouble:
      return "DoubleStorage";
    case at::kLong:
      return "LongStorage";
    default:
      return nullptr;
  }
}

void pickle_tensor(Pickle& pickle, const at::Tensor& tensor, std::size_t record) {
  pickle.global("torch._utils", "_rebuild_tensor_v2");
  pickle.op("((");
  pickle.text("storage");
  pickle.global("torch", storage_class(tensor.scalar_type()));
  pickle.text(std::to_string(record));
  pickle.text("cpu");
  pickle.integer(tensor.numel());
  pickle.op("tQ");
  pickle.integer(0);
  pickle.integers(tensor.sizes());
  pickle.integers(tensor.strides());
  pickle.op("\x89");  // requires no gradient
  pickle.global("collections", "OrderedDict");
  pickle.op(")RtR");
}

class Zip {
 public:
  explicit Zip(OutputFile& file) : file_(file) {}

  Status add(const std::string& name, const void* data, std::size_t size) {
    const auto crc = static_cast<std::uint32_t>(::crc32_z(0, static_cast<const Bytef*>(data), size));
    const std::uint64_t start = file_.size(), header = 30 + name.size() + 4;
    const std::size_t fill = (64 - (start + header) % 64) % 64;
    std::string fields;
    put_little(fields, 0, 2 + 2);       // flags, method: stored
    put_little(fields, 0x00210000, 4);  // 1980-01-01, so that equal tensors give equal files
    put_little(fields, crc, 4);
    put_little(fields, size, 4);
    put_little(fields, size, 4);
    put_little(fields, name.size(), 2);
    std::string local = "PK\x03\x04";
    put_little(local, 20, 2);
    local += fields;
    put_little(local, fill + 4, 2);
    local += name + "FB";
    put_little(local, fill, 2);
    local.append(fill, 'Z');
    std::string entry = "PK\x01\x02";
    put_little(entry, 0, 2);
    put_little(entry, 20, 2);
    entry += fields;
    entry.append(2 + 2 + 2 + 2 + 4, '\0');  // extra, comment, disk, attributes
    put_little(entry, start, 4);
    central_ += entry + name;
    ++count_;
    if (const Status status = file_.write(local); !status) return status;
    return file_.write(data, size);
  }

  Status finish() {
    std::string end = "PK\x05\x06";
    put_little(end, 0, 4);
    put_little(end, count_, 2);
    put_little(end, count_, 2);
    put_little(end, central_.size(), 4);
    put_little(end, file_.size(), 4);
    put_little(end, 0, 2);
    return file_.write(central_ + end);
  }

 private:
  OutputFile& file_;
  std::string central_;
  std::uint64_t count_ = 0;
};

}  // namespace

Result<std::uint64_t> write_torch_file(const std::filesystem::path& path, const NamedTensors& tensors) {
  constexpr std::uint64_t kMost = 4'000'000'000;  // beyond, zip needs its 64-bit form
  std::uint64_t total = 0;
  for (const auto& [name, tensor] : tensors) {
    total += tensor.nbytes();
    if (!storage_class(tensor.scalar_type()))
      return Error{fmt::format("{}: no storage class for the type of {}", escape_line(path.string()), name)};
  }
  if (total > kMost || tensors.size() > 60000)
    return Error{fmt::format("{}: {} bytes in {} tensors are too many for this format; the .safetensors file has them",
                             escape_line(path.string()), with_commas(static_cast<std::int64_t>(total)),
                             tensors.size())};
  auto file = OutputFile::create(path);
  if (!file) return file.error();
  Pickle pickle;
  pickle.op("}(");
  std::vector<at::Tensor> hosts;
  for (const auto& [name, tensor] : tensors) {
    hosts.push_back(tensor.detach().cpu().contiguous());
    pickle.text(name);
    pickle_tensor(pickle, hosts.back(), hosts.size() - 1);
  }
  pickle.op("u.");
  const std::string folder = path.stem().string() + "/";
  Zip zip(*file);
  const auto add = [&](const std::string& name, const void* data, std::size_t size) {
    return zip.add(folder + name, data, size);
  };
  if (const Status s = add("data.pkl", pickle.bytes().data(), pickle.bytes().size()); !s) return s.error();
  if (const Status s = add("byteorder", "little", 6); !s) return s.error();
  for (std::size_t i = 0; i < hosts.size(); ++i)
    if (const Status s = add("data/" + std::to_string(i), hosts[i].const_data_ptr(), hosts[i].nbytes()); !s)
      return s.error();
  if (const Status s = add("version", "3\n", 2); !s) return s.error();
  if (const Status s = zip.finish(); !s) return s.error();
  if (const Status s = file->commit(); !s) return s.error();
  return file->size();
}

}  // namespace pg::train
