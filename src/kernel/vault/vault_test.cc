#include "kernel/vault/vault.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <csignal>

#include "base/fault.h"
#include "base/file.h"
#include "base/id.h"

namespace dos {
namespace {

namespace fs = std::filesystem;

struct a_vault : testing::Test {
  ~a_vault() override { fs::remove_all(root); }
  std::string bytes() const {
    auto all = std::string();
    for (auto const& f : fs::directory_iterator(keys)) all += read_file(f.path());
    return all;
  }

  fs::path const root = fs::temp_directory_path() / ("dos-vault-" + new_uuid());
  fs::path const keys = root / "keys";
  seal_scope const report{"dortmund", "urn:ngsi-ld:Person:1", "urn:ngsi-ld:Report:1", "report"};
  seal_scope const receipt{"dortmund", "urn:ngsi-ld:Person:1", "urn:ngsi-ld:Report:1", "receipt"};
  timestamp const now = *parse_timestamp("2026-12-01T12:00:00Z");
};

TEST_F(a_vault, gives_back_what_it_sealed_also_after_a_start) {
  auto sealed = std::string();
  {
    auto v = vault(keys);
    sealed = v.seal(report, "Grüße von Ada");
    v.sync();
    EXPECT_EQ("Grüße von Ada", v.unseal(sealed));
    EXPECT_NE(sealed, v.seal(report, "Grüße von Ada"));
  }
  EXPECT_EQ(std::string::npos, sealed.find("Ada"));
  auto again = vault(keys);
  EXPECT_EQ("Grüße von Ada", again.unseal(sealed));
  EXPECT_EQ(report, again.scope_of(sealed));
  EXPECT_FALSE(again.unseal("sealed:1:nobody:AAAA"));
  auto& changed = sealed[sealed.size() - 5];
  changed = changed == 'A' ? 'B' : 'A';
  EXPECT_FALSE(again.unseal(sealed));
}

TEST_F(a_vault, forgets_one_purpose_and_keeps_the_other) {
  auto v = vault(keys);
  auto const told = v.seal(report, "the lamp"), paid = v.seal(receipt, "12.50");
  auto const done = v.destroy({report}, now);
  EXPECT_EQ(1u, done.done.keys);
  EXPECT_FALSE(v.unseal(told));
  EXPECT_EQ("12.50", v.unseal(paid));
}

TEST_F(a_vault, has_no_trace_of_a_key_that_it_destroyed) {
  auto v = vault(keys);
  v.note("dortmund", report.subject, "mail", "ada@example.org");
  auto const sealed = v.seal(report, "Ada");
  v.sync();
  auto const id = sealed.substr(9, sealed.find(':', 9) - 9);
  EXPECT_NE(std::string::npos, bytes().find(id));
  EXPECT_EQ(1u, v.find("dortmund", "mail", "ada@example.org").size());
  v.destroy(v.scopes_of("dortmund", report.subject), now);
  EXPECT_TRUE(v.find("dortmund", "mail", "ada@example.org").empty());
  EXPECT_EQ(std::string::npos, read_file(keys / "vault.db").find(id));
  EXPECT_EQ(std::string::npos, read_file(keys / "vault.db-wal").find(id));
}

TEST_F(a_vault, destroys_nothing_that_is_held_until_that_ends) {
  auto v = vault(keys);
  auto const sealed = v.seal(report, "Ada");
  v.hold({"dortmund", report.subject, "", "Az. 12/26", now + 1'000'000});
  EXPECT_EQ(1u, v.destroy({report}, now).kept.size());
  EXPECT_TRUE(v.unseal(sealed));
  EXPECT_EQ(0u, v.destroy({report}, now + 1'000'000).kept.size());
  EXPECT_FALSE(v.unseal(sealed));
}

TEST_F(a_vault, of_an_older_backup_destroys_again_what_was_listed_since) {
  auto sealed = std::string();
  {
    auto v = vault(keys);
    sealed = v.seal(report, "Ada");
    v.copy_to(root / "copy", now);
    v.destroy({report}, now);
  }
  fs::copy_file(root / "copy" / "vault.db", keys / "vault.db", fs::copy_options::overwrite_existing);
  EXPECT_FALSE(vault(keys).unseal(sealed));
}

TEST_F(a_vault, is_restored_without_what_was_erased_since) {
  auto ada = std::string(), emil = std::string();
  {
    auto v = vault(keys);
    ada = v.seal(report, "Ada");
    emil = v.seal({"dortmund", "urn:ngsi-ld:Person:2", "", "account"}, "Emil");
    v.copy_to(root / "copy", now);
    v.destroy({report}, now);
  }
  EXPECT_THROW(vault{root / "copy"}, fault) << "as it is";
  auto const list = root / "erased.jsonl";
  fs::rename(keys / "erased.jsonl", list);
  fs::remove_all(keys);
  EXPECT_THROW(vault::restore(root / "copy", root / "nothing", keys, now), fault);
  EXPECT_THROW(vault::restore(root / "copy", list, keys, now + 31ll * 86'400 * us_per_second), fault);
  vault::restore(root / "copy", list, keys, now + 30ll * 86'400 * us_per_second);
  auto const v = vault(keys);
  EXPECT_FALSE(v.unseal(ada));
  EXPECT_EQ("Emil", v.unseal(emil));
}

TEST_F(a_vault, whose_disk_fails_takes_no_key_for_durable) {
  auto sealed = std::string();
  {
    auto v = vault(keys);
    v.sync();
    auto const no_more = rlimit{1, RLIM_INFINITY};
    auto before = rlimit{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, SIG_IGN);
    sealed = v.seal(report, "Ada");
    v.seal({"schwerte", "urn:ngsi-ld:Person:2", "", "account"}, "Emil");
    ::setrlimit(RLIMIT_FSIZE, &no_more);
    EXPECT_THROW(v.sync(), fault);
    ::setrlimit(RLIMIT_FSIZE, &before);
    EXPECT_EQ("Ada", v.unseal(sealed));
    v.sync();  // of the other city
  }
  EXPECT_EQ("Ada", vault(keys).unseal(sealed));
}

TEST_F(a_vault, refuses_a_list_that_ends_before_what_it_did) {
  {
    auto v = vault(keys);
    v.seal(report, "Ada");
    v.destroy({report}, now);
  }
  fs::remove(keys / "erased.jsonl");
  EXPECT_THROW(vault{keys}, fault);
}

TEST_F(a_vault, is_for_its_owner_alone) {
  { auto const v = vault(keys); }
  ::chmod(keys.c_str(), 0755);
  EXPECT_THROW(vault{keys}, fault);
}

TEST_F(a_vault, keeps_secrets_by_name) {
  auto const v = vault(keys);
  auto const s = v.seal_secret("totp/ada", "seed");
  EXPECT_EQ("seed", v.unseal_secret("totp/ada", s));
  EXPECT_FALSE(v.unseal_secret("totp/emil", s));
}

}  // namespace
}  // namespace dos
