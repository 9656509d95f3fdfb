#include "base/csv.h"

#include <gtest/gtest.h>

#include "base/fault.h"

namespace dos {
namespace {

std::vector<csv_row> read_table(std::string_view bytes, csv_options options = {}, std::size_t piece = 1 << 20) {
  auto rows = std::vector<csv_row>();
  auto const keep = [&](csv_row const& r) {
    rows.push_back(r);
    return true;
  };
  auto reader = csv_reader(options);
  for (; !bytes.empty(); bytes.remove_prefix(std::min(piece, bytes.size()))) reader.feed(bytes.substr(0, piece), keep);
  reader.finish(keep);
  return rows;
}

using csv_fields = std::vector<std::string>;

std::vector<csv_fields> read_fields(std::string_view bytes, csv_options options = {}) {
  auto result = std::vector<csv_fields>();
  for (auto const& r : read_table(bytes, options)) result.push_back(r.fields);
  return result;
}

std::string problems_of(csv_row const& r) {
  auto text = std::string();
  for (auto const& p : r.problems) text += std::to_string(p.column) + ": " + p.message + "\n";
  return text;
}

TEST(csv, fields_may_hold_separators_quotes_and_line_ends) {
  EXPECT_EQ((std::vector<csv_fields>{{"a", "b"}, {"1;2", "he said \"no\""}, {"two\r\nlines", ""}}),
            read_fields("a;b\r\n\"1;2\";\"he said \"\"no\"\"\"\n\"two\r\nlines\";"));
}

TEST(csv, the_separator_is_seen_in_the_first_line) {
  for (auto const* const text : {"a,b\n1,2", "a;b\n1;2", "a\tb\n1\t2", "a|b\n1|2", "\xef\xbb\xbf\"a\",b\n1,2"}) {
    SCOPED_TRACE(text);
    EXPECT_EQ((std::vector<csv_fields>{{"a", "b"}, {"1", "2"}}), read_fields(text));
  }
}

TEST(csv, it_does_not_matter_in_which_pieces_the_bytes_come) {
  auto const text = std::string(
      "\xef\xbb\xbf"
      "a;b\r\n\"x\"\"\r\n;y\";2\r\n\r\n3;4\r5;6");
  auto const whole = read_table(text);
  ASSERT_EQ(4u, whole.size());
  for (auto piece = std::size_t(1); piece < text.size(); ++piece) {
    auto const parts = read_table(text, {}, piece);
    ASSERT_EQ(whole.size(), parts.size()) << piece;
    for (auto i = std::size_t(0); i < whole.size(); ++i) {
      EXPECT_EQ(whole[i].fields, parts[i].fields);
      EXPECT_EQ(whole[i].line, parts[i].line);
      EXPECT_EQ(whole[i].number, parts[i].number);
      EXPECT_EQ(whole[i].byte_offset, parts[i].byte_offset);
    }
  }
}

TEST(csv, the_separator_is_the_same_in_pieces_when_the_first_row_has_two_lines) {
  auto const text = std::string_view("\"a\nb\";c,d\n1;2\n");
  EXPECT_EQ(read_table(text)[1].fields, read_table(text, {}, 2)[1].fields);
}

TEST(csv, a_row_knows_its_number_its_line_and_its_first_byte) {
  auto const rows = read_table("a,b\n\"1\n2\",3\n\n4,5\n");
  ASSERT_EQ(3u, rows.size());
  EXPECT_EQ(2u, rows[1].number);
  EXPECT_EQ(2u, rows[1].line);
  EXPECT_EQ(4u, rows[2].number);
  EXPECT_EQ(5u, rows[2].line);
  EXPECT_EQ(13u, rows[2].byte_offset);
}

TEST(csv, a_ragged_row_comes_with_what_it_has) {
  auto const rows = read_table("a,b\n1\n1,2,3\n1,2\n");
  EXPECT_EQ("0: 1 fields, the first row has 2\n", problems_of(rows[1]));
  EXPECT_EQ((csv_fields{"1", "2", "3"}), rows[2].fields);
  EXPECT_TRUE(rows[3].problems.empty());
}

TEST(csv, a_forgotten_quote_costs_one_line_and_not_the_file) {
  auto const rows = read_table("a,b\n1,\"two\n3,4\n5,6\n");
  ASSERT_EQ(4u, rows.size());
  EXPECT_TRUE(rows[1].is_lost);
  EXPECT_EQ("0: the quote that opens in line 2 is never closed\n", problems_of(rows[1]));
  EXPECT_EQ((csv_fields{"3", "4"}), rows[2].fields);
  EXPECT_EQ(4u, rows[3].line);
}

TEST(csv, a_row_over_the_limit_is_lost_and_the_next_one_is_read) {
  auto const rows = read_table("a,b\n" + std::string(5000, 'x') + "\n1,2\n", {.row_bytes_max = 1000}, 700);
  ASSERT_EQ(3u, rows.size());
  EXPECT_TRUE(rows[1].is_lost);
  EXPECT_EQ((csv_fields{"1", "2"}), rows[2].fields);
  EXPECT_EQ(3u, rows[2].line);
}

TEST(csv, a_table_of_nothing_but_open_quotes_is_refused) {
  auto text = std::string("a,b\n");
  for (auto i = 0; i < 101; ++i) text += "\"abcdef\n";
  EXPECT_THROW(read_table(text, {.row_bytes_max = 5}), fault);
}

TEST(csv, text_after_a_quote_is_kept_and_reported) {
  auto const rows = read_table("a,b\n\"1\"x,2\n");
  EXPECT_EQ((csv_fields{"1x", "2"}), rows[1].fields);
  EXPECT_EQ("0: text follows the closing quote\n", problems_of(rows[1]));
}

TEST(csv, fields_in_another_encoding_are_read_and_reported_one_by_one) {
  auto const rows = read_table(
      "a,b\nStra\xdf"
      "e,M\xc3\xbcller\n\x81,x\nStra\xef\xbf\xbd"
      "e,Ã¼ber\n");
  EXPECT_EQ((csv_fields{"Straße", "Müller"}), rows[1].fields);
  EXPECT_EQ("0: not UTF-8; read as windows-1252\n", problems_of(rows[1]));
  EXPECT_EQ("0: neither UTF-8 nor windows-1252: characters are lost\n", problems_of(rows[2]));
  EXPECT_EQ(
      "0: the text was damaged before it came to us: replacement character\n"
      "1: the text was damaged before it came to us: UTF-8 encoded twice\n",
      problems_of(rows[3]));
}

TEST(csv, a_declared_encoding_is_used) {
  EXPECT_EQ((std::vector<csv_fields>{{"ä€"}}), read_fields("\xe4\xa4", {.encoding = text_encoding::latin9}));
  EXPECT_EQ((std::vector<csv_fields>{{"ä€"}}), read_fields("\xe4\x80", {.encoding = text_encoding::windows1252}));
  EXPECT_EQ((std::vector<csv_fields>{{"a\xef\xbf\xbd"}}), read_fields("a\xe4", {.encoding = text_encoding::utf8}));
}

TEST(csv, more_columns_than_allowed_lose_the_row) {
  EXPECT_TRUE(read_table("a,b\n1,2,3,4,5\n", {.columns_max = 3})[1].is_lost);
}

TEST(csv, more_rows_than_allowed_are_refused) { EXPECT_THROW(read_table("1\n2\n3\n", {.rows_max = 2}), fault); }

TEST(csv, the_reader_stops_when_told) {
  auto reader = csv_reader();
  auto count = 0;
  auto const stop = [&](csv_row const&) { return ++count < 2; };
  reader.feed("1\n2\n3\n4\n", stop);
  reader.finish(stop);
  EXPECT_EQ(2, count);
}

std::string as_utf16(std::string_view ascii, bool is_big_endian) {
  auto bytes = std::string(is_big_endian ? "\xfe\xff" : "\xff\xfe");
  for (auto const c : ascii) bytes += is_big_endian ? std::string({'\0', c}) : std::string({c, '\0'});
  return bytes;
}

TEST(csv, spreadsheets_write_utf16_and_say_what_separates) {
  auto const expected = std::vector<csv_fields>{{"a", "b"}, {"1,5", "2"}};
  for (auto const& bytes : {std::string("sep=;\r\na;b\r\n1,5;2\r\n"), std::string("\xef\xbb\xbfSEP=;\na;b\n1,5;2"),
                            as_utf16("a;b\r\n1,5;2\r\n", false), as_utf16("sep=;\r\na;b\r\n1,5;2", true)}) {
    for (auto piece = std::size_t(1); piece <= bytes.size(); ++piece) {
      auto fields = std::vector<csv_fields>();
      for (auto const& r : read_table(bytes, {}, piece)) fields.push_back(r.fields);
      ASSERT_EQ(expected, fields) << bytes << " by " << piece;
    }
  }
  EXPECT_EQ((std::vector<csv_fields>{{"\u00e4\U0001f333"}}), read_fields({"\xff\xfe\xe4\x00\x3c\xd8\x33\xdf", 8}));
  EXPECT_EQ((std::vector<csv_fields>{{"sep=", "x"}}), read_fields("sep=;x", {.separator = ';'}));
  EXPECT_EQ((std::vector<csv_fields>{{"s"}, {"1"}}), read_fields("s\n1"));
}

TEST(csv, a_table_may_begin_below_other_lines) {
  auto before = std::vector<std::string>();
  auto options = csv_options{.first_text = "Datum", .line_before = [&](std::string_view line) { before.emplace_back(line); }};
  auto const bytes = std::string_view("Pegel \"Villigst\";;\r\n\r\nH\xf6he, \"m\r\n\"Datum\";Wert\r\n1;2\r\n");
  for (auto piece = std::size_t(1); piece <= bytes.size(); ++piece) {
    before.clear();
    auto const rows = read_table(bytes, options, piece);
    ASSERT_EQ(2u, rows.size());
    EXPECT_EQ((csv_fields{"Datum", "Wert"}), rows[0].fields);
    EXPECT_EQ(5u, rows[1].line);
    EXPECT_EQ(5u, rows[1].number);
    EXPECT_EQ((std::vector<std::string>{"Pegel \"Villigst\";;", "", "H\u00f6he, \"m"}), before);
  }
  EXPECT_EQ((std::vector<csv_fields>{{"a", "b"}}), read_fields("x\ny,z\n\na;b\n", {.first_line = 4}));
  try {
    read_fields("x\ny\n", {.first_line = 65});
    FAIL();
  } catch (fault const& f) {
    EXPECT_EQ("the table is to begin in line 65, and the file has 2 lines", f.detail);
  }
  EXPECT_THROW(read_fields("x\ny\n", {.first_text = "Datum"}), fault);
}

}  // namespace
}  // namespace dos
