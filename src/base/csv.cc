#include "base/csv.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/fault.h"
#include "base/text.h"

namespace dos {
namespace {

constexpr std::size_t mark_bytes = 3;
constexpr std::size_t recoveries_max = 100;

}  // namespace

csv_reader::csv_reader(csv_options options) : options_(std::move(options)) {}

void csv_reader::add(std::string_view bytes) {
  if (utf16_) utf16_->read(buffer_, bytes);
  else buffer_ += bytes;
}

void csv_reader::feed(std::string_view bytes, visitor const& visit) {
  if (is_stopped_) return;
  add(bytes);
  if (is_started_ || buffer_.size() >= mark_bytes) read(false, visit);
}

void csv_reader::finish(visitor const& visit) {
  if (!is_stopped_) read(true, visit);
}

// The encoding, and a line that says what separates.
bool csv_reader::start(bool is_last) {
  if (!is_started_) {
    is_started_ = true;
    auto const mark = encoding_of_mark(buffer_);
    if (mark) options_.encoding = mark;
    if (mark == text_encoding::utf8) begin_ = scan_ = mark_bytes;
    if (options_.encoding && is_utf16(*options_.encoding)) {
      utf16_.emplace(*options_.encoding);
      options_.encoding = text_encoding::utf8;
      add(std::exchange(buffer_, {}));
    }
  }
  if (is_last && utf16_) utf16_->finish(buffer_);
  if (line_ > 1 || is_in_table_) return true;
  constexpr auto declaration = std::string_view("sep=");
  auto const head = std::string_view(buffer_).substr(begin_, declaration.size());
  if (!text::equal_ignoring_case(head, declaration.substr(0, head.size()))) return true;
  auto const line = find_line(is_last);
  if (!line) return buffer_.size() - begin_ > 8;  // a table that begins with such a word
  auto const said = line->substr(std::min(declaration.size(), line->size()));
  if (head.size() < declaration.size() || said.size() != 1) return true;
  options_.separator = said[0];
  is_declared_ = true;
  return true;
}

std::optional<std::string_view> csv_reader::find_line(bool is_last) const {
  auto const end = buffer_.find_first_of("\r\n", begin_);
  auto const is_whole = end != buffer_.npos && (buffer_[end] == '\n' || end + 1 < buffer_.size() || is_last);
  if (!is_whole && !is_last) return {};
  return std::string_view(buffer_).substr(begin_, end == buffer_.npos ? end : end - begin_);
}

bool csv_reader::find_first_row(bool is_last) {
  while (!is_in_table_) {
    if (!is_declared_ && options_.first_text.empty() && line_ >= options_.first_line) {
      is_in_table_ = true;
      break;
    }
    auto const raw = find_line(is_last);
    if (!raw && buffer_.size() - begin_ > options_.row_bytes_max) {
      throw fault(fault_kind::too_large, "line " + std::to_string(line_) + " is longer than " + std::to_string(options_.row_bytes_max) + " bytes");
    }
    if (!raw || (is_last && begin_ == buffer_.size())) {
      require(!is_last, fault_kind::invalid,
              options_.first_text.empty() ? "the table is to begin in line " + std::to_string(options_.first_line) +
                                                ", and the file has " + std::to_string(line_ - 1) + " lines"
                                          : "no line of the file begins with \"" + options_.first_text + '"');
      return false;
    }
    auto line = std::string();
    auto const is_text = text::is_utf8(*raw);
    append_as_utf8(line, *raw, options_.encoding.value_or(is_text ? text_encoding::utf8 : text_encoding::windows1252));
    auto const bare = text::trim(std::string_view(line).substr(options_.quote != 0 && line.starts_with(options_.quote)));
    is_in_table_ = !is_declared_ && !options_.first_text.empty() && bare.starts_with(options_.first_text);
    if (is_in_table_) break;
    if (!std::exchange(is_declared_, false)) {
      ++rows_;  // a spreadsheet shows it
      if (options_.line_before) options_.line_before(line);
    }
    auto next = begin_ + raw->size();
    auto const is_return = next < buffer_.size() && buffer_[next] == '\r';
    auto const is_pair = is_return && next + 1 < buffer_.size() && buffer_[next + 1] == '\n';
    if (is_return && !is_pair) ++line_;  // line ends of old Macintoshes
    next = std::min(buffer_.size(), next + (is_pair ? 2 : 1));
    move_to(next);
  }
  return true;
}

void csv_reader::read(bool is_last, visitor const& visit) {
  if (!start(is_last) || !find_first_row(is_last)) return;
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
  } else if (options_.tells_blank_rows) {
    row_.fields.clear();
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
