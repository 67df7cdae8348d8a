#include "reference/cli/default_data.h"

#include <fmt/format.h>

#include "reference/base/text.h"
#include "reference/cli/terminal.h"
#include "reference/data/corpus.h"

namespace pg::cli {

Result<std::filesystem::path> default_data(int vocab_size, c10::Device device, dist::Group& group, bool quiet) {
  data::CorpusOptions options;
  options.vocab_size = static_cast<std::size_t>(vocab_size);
  options.out = data::default_corpus_folder(options.vocab_size);
  Progress progress("corpus:", quiet);
  options.progress = [&](std::string_view what, double fraction) { progress.update(fraction, what); };
  options.unfinished = remove_when_interrupted;
  Status made;
  if (group.place().rank == 0) {
    const auto corpus = data::make_corpus(options);
    progress.done();
    forget_when_interrupted();
    if (!corpus)
      made = Error{
          fmt::format("the default corpus cannot be made: {}. Or name shards with --data", corpus.error().message)};
    if (corpus && !corpus->reused)
      say(quiet, fmt::format("made the default corpus in {}", escape_line(corpus->folder.string())));
  }
  if (const Status s = dist::agree(group, device, made); !s) return s.error();
  return options.out;
}

}  // namespace pg::cli
