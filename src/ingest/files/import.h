// One import from bytes to report: read, mapped, written – or only looked at.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/record_collection.h"
#include "base/terms.h"
#include "contract/contract.h"
#include "ingest/files/draft_writer.h"
#include "ingest/files/mapping.h"

namespace dos::files {

// Reports of imports, by a key that ascends with time.
inline constexpr auto import_collection = record_collection{"import", "ingest/files", "a text that ascends with time"};
inline constexpr std::size_t imports_kept_max = 200;
inline constexpr std::size_t problems_kept_max = 500;
inline constexpr std::size_t problem_bytes_max = 128 << 10;  // of those that are kept
inline constexpr std::size_t preview_drafts_max = 20;
inline constexpr std::size_t preview_bytes_max = 1 << 20;

struct import_order {
  std::shared_ptr<mapping const> how;
  std::string_view bytes;
  parameter_map parameters;
  std::string by;    // who, for the report
  std::string file;  // its name or address, for the report
};

// Nothing is written. {"counts": …, "drafts": […], "problems": […]}
json::value preview_import(import_order const& o, session const& s, terms const& words, timestamp now);
// Waits for the last write; keeps the report, whose "id" is its key. `s` is a session of the source "import:NAME".
json::value run_import(import_order const& o, session const& s, terms const& words, timestamp now);

}  // namespace dos::files
