#include "base/notation.h"

#include <gtest/gtest.h>

#include "base/fault.h"

namespace dos {
namespace {

std::string number_text(std::string_view text, number_notation n = {}) {
  auto const v = parse_number(text, n);
  return v ? json::to_string(*v) : "nothing";
}

std::string date_text(std::string_view pattern, std::string_view text, std::string_view zone = "Europe/Berlin") {
  auto const r = date_pattern(pattern).parse(text);
  if (!r) return "nothing";
  return to_string(r->offset_us ? timestamp{r->local_us - *r->offset_us} : time_zone(zone).to_utc(r->local_us));
}

TEST(notation, numbers_are_read_as_germans_write_them) {
  auto const german = number_notation{.decimal = ',', .thousands = '.'};
  EXPECT_EQ("50.937417", number_text("50,937417", german));
  EXPECT_EQ("1234567.5", number_text(" 1.234.567,5 ", german));
  EXPECT_EQ("1234567", number_text("1.234.567", german));
  EXPECT_EQ("-3", number_text("−3", german));
  EXPECT_EQ("nothing", number_text("1.23", german));
  EXPECT_EQ("nothing", number_text("1,2,3", german));
  EXPECT_EQ("nothing", number_text("1234.567", german));
}

TEST(notation, numbers_keep_being_integers_where_they_are) {
  EXPECT_EQ("44", number_text("44"));
  EXPECT_EQ("44.0", number_text("44.0"));
  EXPECT_EQ("2000.0", number_text("2e3"));
  EXPECT_EQ("0.5", number_text(".5"));
  EXPECT_EQ("9223372036854775807", number_text("9223372036854775807"));
  EXPECT_EQ("1234567", number_text("1\u202f234\u00a0567", {.thousands = ' '}));
}

TEST(notation, what_is_no_number_is_nothing) {
  for (auto const* const text : {"", "-", "n/a", "1 2", "1e", "0x10", "nan", "inf", "1e999", "--1", "1,5", "12,345"}) {
    EXPECT_EQ("nothing", number_text(text)) << text;
  }
}

TEST(notation, dates_are_read_by_their_pattern) {
  EXPECT_EQ("2023-06-14T06:38:00Z", date_text("d.M.yy H:mm", "14.6.23 8:38"));
  EXPECT_EQ("2021-07-21T22:00:00Z", date_text("dd.MM.yy", "22.07.21"));
  EXPECT_EQ("2020-01-01T00:00:00Z", date_text("''yyyy-MM-dd HH:mm''", "'2020-01-01 01:00'"));
  EXPECT_EQ("2022-01-01T23:00:00Z", date_text("yyyy-MM-dd HH:mm", "2022-01-01 24:00"));
  EXPECT_EQ("2024-07-01T00:00:00Z", date_text("yyyy-MM-dd HH:mm:ssXXX", "2024-07-01 02:00:00+02:00"));
  EXPECT_EQ("2024-07-01T00:00:00.250Z", date_text("yyyyMMdd'T'HHmmss.SSSXXX", "20240701T020000.25+0200"));
  EXPECT_EQ("2024-06-30T22:00:00Z", date_text("dd.MM.yyyy? HH:mm", "01.07.2024"));
  EXPECT_EQ("2024-07-01T10:00:00Z", date_text("dd.MM.yyyy? HH:mm", "01.07.2024 12:00"));
}

TEST(notation, iso_dates_and_unix_times_have_names) {
  EXPECT_EQ("2024-06-30T22:00:00Z", date_text("ISO", "2024-07-01"));
  EXPECT_EQ("2024-07-01T10:00:00Z", date_text("ISO", "2024-07-01 12:00"));
  EXPECT_EQ("2024-07-01T12:00:00.123456Z", date_text("ISO", "2024-07-01T12:00:00.1234567Z"));
  EXPECT_EQ("1970-01-01T00:00:01.500Z", date_text("unix_ms", "1500"));
  EXPECT_EQ("nothing", date_text("unix_s", "1e300"));
}

TEST(notation, days_that_do_not_exist_are_nothing) {
  for (auto const* const text : {"30.02.2024", "00.01.2024", "01.13.2024", "1.1.2024", "01.01.2024x", "01.01.24"}) {
    EXPECT_EQ("nothing", date_text("dd.MM.yyyy", text)) << text;
  }
  EXPECT_EQ("nothing", date_text("HH:mm yyyy", "24:01 2024"));
  EXPECT_EQ("nothing", date_text("HH:mm yyyy", "23:60 2024"));
}

TEST(notation, the_hour_that_exists_twice_has_a_second_reading) {
  auto const berlin = time_zone("Europe/Berlin");
  auto const local = date_pattern("ISO").parse("2025-10-26 02:30")->local_us;
  EXPECT_EQ("2025-10-26T00:30:00Z", to_string(berlin.to_utc(local)));
  EXPECT_EQ("2025-10-26T01:30:00Z", to_string(later_utc(berlin, local)));
  auto const once = date_pattern("ISO").parse("2025-10-26 03:00")->local_us;
  EXPECT_EQ("2025-10-26T02:00:00Z", to_string(later_utc(berlin, once)));
}

TEST(notation, a_pattern_that_makes_no_sense_is_refused) {
  for (auto const* const p : {"dd.MM", "yyyy 'open", "yyy", "yyyy yyyy", "ddd yyyy", ""}) {
    EXPECT_THROW(date_pattern{p}, fault) << p;
  }
}

TEST(date_pattern, the_century_of_two_digits_turns_at_the_pivot) {
  auto const year = [](char const* text, int pivot) {
    return to_string(timestamp{date_pattern("dd.MM.yy", pivot).parse(text)->local_us}).substr(0, 4);
  };
  EXPECT_EQ("1931", year("01.02.31", 30));
  EXPECT_EQ("2029", year("01.02.29", 30));
  EXPECT_EQ("1900", year("01.02.00", 0));
  EXPECT_EQ("2099", year("01.02.99", 100));
}

}  // namespace
}  // namespace dos
