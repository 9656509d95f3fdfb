// Tables as text (RFC 4180 and what people make of it), read piece by piece into rows of UTF-8. A first line "sep=;" says
// what separates, as spreadsheets write it.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/text_encoding.h"

namespace dos {

struct csv_options {
  char separator = 0;  // 0: guessed from the first line among ; , tab and |
  char quote = '"';    // 0: none
  // Nothing: UTF-8, and fields that are not are read as Windows-1252 and reported. With utf8 such fields are reported
  // and repaired with U+FFFD.
  // A byte order mark knows better than either.
  std::optional<text_encoding> encoding = {};
  // The table begins in this line (from 1), or in the first one that begins with this text. What stands before is told
  // line by line, as UTF-8.
  std::size_t first_line = 1;
  std::string first_text = {};
  std::function<void(std::string_view line)> line_before = {};
  bool tells_blank_rows = false;  // blank rows are visited, too: without fields
  std::size_t columns_max = 2'000;
  std::size_t row_bytes_max = 1 << 20;
  std::size_t rows_max = 50'000'000;
};

enum class csv_defect : std::uint8_t {
  ragged,              // more or fewer fields than the first row
  unterminated_quote,  // the row is lost up to the end of the line in which the quote opens; reading goes on after it
  text_after_quote,    // "a"b: read as ab
  too_long,            // the row is lost
  not_in_encoding,     // bytes without meaning, or another encoding than the rest
  damaged_before       // what find_damage() sees
};

struct csv_problem {
  csv_defect defect;
  std::size_t column;  // from 0; 0 when the whole row is meant
  std::string message;
};

struct csv_row {
  std::size_t number = 0;       // from 1, the header and blank rows included: what a spreadsheet shows
  std::size_t line = 0;         // on which it starts, from 1
  std::size_t byte_offset = 0;  // of its first byte in the file
  std::vector<std::string> fields;
  std::vector<csv_problem> problems;
  bool is_lost = false;  // fields hold nothing of worth
};

// Memory: a row and the bytes of one feed().
class csv_reader {
 public:
  // Called for each row that is not blank; false stops the reading for good. The row is reused.
  using visitor = std::function<bool(csv_row const&)>;

  explicit csv_reader(csv_options options = {});

  // Any number of bytes at a time. Faults: too_large over rows_max; malformed when quote after quote is not closed; from
  // finish(), invalid when the table never begins.
  void feed(std::string_view bytes, visitor const& visit);
  void finish(visitor const& visit);  // the last row may lack its line end

  char separator() const { return options_.separator; }  // after the first row

 private:
  enum class place : std::uint8_t { field_start, plain, quoted, quote_in_quoted };

  void add(std::string_view bytes);
  bool start(bool is_last);
  bool find_first_row(bool is_last);
  std::optional<std::string_view> find_line(bool is_last) const;
  void read(bool is_last, visitor const& visit);
  bool find_row_end(bool is_last);
  void emit(visitor const& visit);
  void lose(csv_defect why, std::string message, std::size_t next, visitor const& visit);
  void recover_from_quote(visitor const& visit);
  void begin_row();
  void split(std::string_view row);
  void finish_field(std::string_view raw);
  bool guess_separator(bool is_last);
  void move_to(std::size_t next);

  csv_options options_;
  std::string buffer_;
  // In buffer_: where the row begins, how far it was looked at, its end without and with the line end, and where the
  // quote opened that we are in.
  std::size_t begin_ = 0;
  std::size_t scan_ = 0;
  std::size_t end_ = 0;
  std::size_t next_ = 0;
  std::size_t quote_at_ = 0;
  place place_ = place::field_start;
  std::size_t consumed_ = 0;  // bytes of the file before buffer_
  std::size_t line_ = 1;      // on which begin_ lies
  std::size_t rows_ = 0;
  std::size_t columns_ = 0;  // of the first row
  std::size_t recoveries_ = 0;
  bool is_started_ = false;
  bool is_in_table_ = false;
  bool is_declared_ = false;  // the line at hand says what separates
  std::optional<utf16_reader> utf16_;
  bool skips_line_ = false;  // the rest of a row that was too long
  bool is_stopped_ = false;
  csv_row row_;
  std::string field_;
};

}  // namespace dos
