#include "base/csv.h"

#include <algorithm>
#include <array>

#include "base/fault.h"
#include "base/text.h"

namespace dos {
namespace {

constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
constexpr std::size_t recoveries_max = 100;

}  // namespace

csv_reader::csv_reader(csv_options options) : options_(options) {}

void csv_reader::feed(std::string_view bytes, visitor const& visit) {
  if (is_stopped_) return;
  buffer_ += bytes;
  if (is_started_ || buffer_.size() >= byte_order_mark.size()) read(false, visit);
}

void csv_reader::finish(visitor const& visit) {
  if (!is_stopped_) read(true, visit);
}

void csv_reader::read(bool is_last, visitor const& visit) {
  if (!is_started_) {
    is_started_ = true;
    if (buffer_.starts_with(byte_order_mark)) begin_ = scan_ = byte_order_mark.size();
  }
  if (options_.separator == 0 && !guess_separator(is_last)) return;
  while (!is_stopped_) {
    if (skips_line_) {
      auto const end = buffer_.find('\n', begin_);
      move_to(end == buffer_.npos ? buffer_.size() : end + 1);
      if (end == buffer_.npos) break;
      skips_line_ = false;
    }
    auto const is_found = find_row_end(is_last);
    auto const is_over = !is_found && scan_ - begin_ > options_.row_bytes_max;
    if (is_found) {
      emit(visit);
    } else if (place_ == place::quoted && (is_last || is_over)) {
      recover_from_quote(visit);
    } else if (is_over) {
      lose(csv_defect::too_long, "the row is longer than " + std::to_string(options_.row_bytes_max) + " bytes", scan_,
           visit);
      skips_line_ = true;
    } else {
      break;
    }
  }
  buffer_.erase(0, begin_);
  consumed_ += begin_;
  scan_ -= begin_;
  quote_at_ -= std::min(quote_at_, begin_);
  begin_ = 0;
}

bool csv_reader::find_row_end(bool is_last) {
  auto const limit = std::min(buffer_.size(), begin_ + options_.row_bytes_max + 1);
  for (; scan_ < limit; ++scan_) {
    auto const c = buffer_[scan_];
    if (place_ == place::quoted) {
      if (c == options_.quote) place_ = place::quote_in_quoted;
    } else if (c == '\n' || c == '\r') {
      if (c == '\r' && scan_ + 1 == buffer_.size() && !is_last) return false;
      auto const is_pair = c == '\r' && scan_ + 1 < buffer_.size() && buffer_[scan_ + 1] == '\n';
      end_ = scan_;
      next_ = scan_ + (is_pair ? 2 : 1);
      return true;
    } else if (c == options_.separator) {
      place_ = place::field_start;
    } else if (c == options_.quote && options_.quote != 0 && place_ != place::plain) {
      if (place_ == place::field_start) quote_at_ = scan_;
      place_ = place::quoted;
    } else {
      place_ = place::plain;
    }
  }
  if (!is_last || begin_ == buffer_.size() || scan_ < buffer_.size() || place_ == place::quoted) return false;
  end_ = next_ = buffer_.size();
  return true;
}

void csv_reader::begin_row() {
  require(++rows_ <= options_.rows_max, fault_kind::too_large,
          "the table has more than " + std::to_string(options_.rows_max) + " rows");
  row_.number = rows_;
  row_.line = line_;
  row_.byte_offset = consumed_ + begin_;
  row_.problems.clear();
  row_.is_lost = false;
}

void csv_reader::emit(visitor const& visit) {
  begin_row();
  auto const row = std::string_view(buffer_).substr(begin_, end_ - begin_);
  if (!row.empty()) {
    split(row);
    if (columns_ == 0) columns_ = row_.fields.size();
    if (row_.fields.size() != columns_) {
      row_.problems.push_back(
          {csv_defect::ragged, 0,
           std::to_string(row_.fields.size()) + " fields, the first row has " + std::to_string(columns_)});
    }
    if (row_.fields.size() > options_.columns_max) {
      row_.problems.push_back(
          {csv_defect::too_long, 0, "the row has more than " + std::to_string(options_.columns_max) + " fields"});
      row_.is_lost = true;
    }
    if (!visit(row_)) is_stopped_ = true;
  }
  if (next_ > end_ && buffer_[next_ - 1] == '\r') ++line_;  // line ends of old Macintoshes
  move_to(next_);
}

void csv_reader::lose(csv_defect why, std::string message, std::size_t next, visitor const& visit) {
  begin_row();
  row_.fields.clear();
  row_.problems.push_back({why, 0, std::move(message)});
  row_.is_lost = true;
  if (!visit(row_)) is_stopped_ = true;
  move_to(next);
}

// One forgotten quote must not swallow the rest of the file: the line in which it opens is given up, the next is a row.
void csv_reader::recover_from_quote(visitor const& visit) {
  require(++recoveries_ <= recoveries_max, fault_kind::malformed,
          "more than " + std::to_string(recoveries_max) + " quotes are not closed; is the quote character right?");
  auto const line = line_ + std::size_t(std::count(buffer_.begin() + std::ptrdiff_t(begin_),
                                                   buffer_.begin() + std::ptrdiff_t(quote_at_), '\n'));
  auto const end = buffer_.find('\n', quote_at_);
  lose(csv_defect::unterminated_quote, "the quote that opens in line " + std::to_string(line) + " is never closed",
       end == buffer_.npos ? buffer_.size() : end + 1, visit);
  skips_line_ = end == buffer_.npos;
}

void csv_reader::move_to(std::size_t next) {
  auto const first = buffer_.begin() + std::ptrdiff_t(begin_);
  line_ += std::size_t(std::count(first, buffer_.begin() + std::ptrdiff_t(next), '\n'));
  begin_ = scan_ = next;
  place_ = place::field_start;
}

void csv_reader::split(std::string_view row) {
  row_.fields.clear();
  for (auto at = std::size_t(0);; ++at) {
    if (row_.fields.size() > options_.columns_max) return;
    if (at < row.size() && row[at] == options_.quote && options_.quote != 0) {
      field_.clear();
      for (++at; at < row.size(); ++at) {
        if (row[at] != options_.quote)
          field_ += row[at];
        else if (at + 1 < row.size() && row[at + 1] == options_.quote)
          field_ += row[at++];
        else
          break;
      }
      ++at;
      auto const end = std::min(row.find(options_.separator, std::min(at, row.size())), row.size());
      if (end > at) {
        row_.problems.push_back({csv_defect::text_after_quote, row_.fields.size(), "text follows the closing quote"});
        field_ += row.substr(at, end - at);
      }
      finish_field(field_);
      at = end;
    } else {
      auto const end = std::min(row.find(options_.separator, at), row.size());
      finish_field(row.substr(at, end - at));
      at = end;
    }
    if (at >= row.size()) return;
  }
}

void csv_reader::finish_field(std::string_view raw) {
  auto const column = row_.fields.size();
  auto& field = row_.fields.emplace_back();
  auto const report = [&](csv_defect defect, std::string message) {
    row_.problems.push_back({defect, column, std::move(message)});
  };
  if (!options_.encoding && !text::is_utf8(raw)) {
    auto const replaced = append_as_utf8(field, raw, text_encoding::windows1252);
    report(csv_defect::not_in_encoding,
           replaced == 0 ? "not UTF-8; read as windows-1252" : "neither UTF-8 nor windows-1252: characters are lost");
    return;
  }
  auto const encoding = options_.encoding.value_or(text_encoding::utf8);
  if (append_as_utf8(field, raw, encoding) > 0) {
    report(csv_defect::not_in_encoding, "not " + std::string(to_string(encoding)) + ": characters are lost");
  } else if (auto const damage = find_damage(field)) {
    report(csv_defect::damaged_before, "the text was damaged before it came to us: " + std::string(*damage));
  }
}

bool csv_reader::guess_separator(bool is_last) {
  constexpr auto candidates = std::array{';', ',', '\t', '|'};
  auto counts = std::array<std::size_t, candidates.size()>();
  auto in_quotes = false;
  auto at = begin_;
  auto const limit = std::min(buffer_.size(), begin_ + options_.row_bytes_max + 1);
  for (; at < limit; ++at) {
    auto const c = buffer_[at];
    if (c == options_.quote) in_quotes = !in_quotes;
    if (in_quotes) continue;
    if (c == '\n' || c == '\r') break;
    auto const found = std::find(candidates.begin(), candidates.end(), c);
    if (found != candidates.end()) ++counts[std::size_t(found - candidates.begin())];
  }
  if (at == buffer_.size() && !is_last) return false;  // the first line is not complete
  auto const most = std::max_element(counts.begin(), counts.end());
  options_.separator = *most == 0 ? ',' : candidates[std::size_t(most - counts.begin())];
  return true;
}

}  // namespace dos
