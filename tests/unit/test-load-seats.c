/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which display manager has the screen: the alias, Debian's file, the first manifest. */
#include <string.h>

#include "early/macros.h"
#include "early/strv.h"
#include "load_tree.h"
#include "seats.h"

#define SIMPLE "[Service]\nExecStart=/bin/true\n"
#define MANIFEST SIMPLE "[Early]\nStage=display\nSeat=seat0\n"
#define ALIAS "etc/systemd/system/display-manager.service"
#define DEFAULT_FILE "etc/X11/default-display-manager"

/* gdm has a manifest, lightdm is the distribution's as it is. */
static void put_two(void)
{
	put_file("usr/lib/early/services.d/gdm.service", MANIFEST);
	put_file("usr/lib/early/services.d/display-manager.service.d/early.conf",
		 "[Service]\nRestart=always\n[Early]\nStage=display\nSeat=seat0\nScreenAtStart="
		 "yes\n");
	put_link("lib/systemd/system/gdm3.service", "gdm.service");
	put_file("lib/systemd/system/gdm.service", SIMPLE);
	put_file("lib/systemd/system/lightdm.service", SIMPLE);
}

static void settle(void)
{
	begin();
	assert_int_equal(loader_load_family(&loader, UNIT_FAMILY_EARLY), 0);
	assert_int_equal(seats_settle(&loader), 0);
}

static bool has_screen(const char *name)
{
	const struct service *service = loader_find(&loader, name);
	bool has = service && service->seat;

	assert_true(!service ||
		    service->fields.stage == (has ? TABLE_STAGE_DISPLAY : TABLE_STAGE_DEMAND));
	return has;
}

TEST(alias_chooses_a_stock_unit)
{
	put_two();
	put_link(ALIAS, "/lib/systemd/system/lightdm.service");
	put_file(DEFAULT_FILE, "/usr/sbin/gdm3\n");
	settle();
	assert_true(has_screen("lightdm.service"));
	assert_false(has_screen("gdm.service"));
	assert_true(get("lightdm.service")->fields.flags & TABLE_FLAG_SCREEN_AT_START);
	assert_int_equal(get("lightdm.service")->fields.restart, TABLE_RESTART_ALWAYS);
	assert_true(strv_contains(get("lightdm.service")->aliases, "display-manager.service"));
}

TEST(alias_chooses_a_manifest)
{
	put_two();
	put_link(ALIAS, "/lib/systemd/system/gdm3.service");
	settle();
	assert_true(has_screen("gdm.service"));
	assert_null(loader_find(&loader, "lightdm.service"));
	/* What is said of the alias is not said of a manifest. */
	assert_false(get("gdm.service")->fields.flags & TABLE_FLAG_SCREEN_AT_START);
}

TEST(the_file_chooses_without_an_alias)
{
	put_two();
	put_file(DEFAULT_FILE, "/usr/sbin/lightdm\n");
	settle();
	assert_true(has_screen("lightdm.service"));
	assert_false(has_screen("gdm.service"));
}

TEST(an_alias_of_a_removed_unit_does_not_count)
{
	put_two();
	put_link(ALIAS, "/lib/systemd/system/sddm.service");
	put_file(DEFAULT_FILE, "/usr/sbin/lightdm");
	settle();
	assert_true(has_screen("lightdm.service"));
	assert_false(has_screen("gdm.service"));
}

TEST(first_manifest_if_nothing_says_it)
{
	put_two();
	put_file("etc/early/services.d/kiosk.service", MANIFEST);
	put_file("etc/early/services.d/other.service",
		 SIMPLE "[Early]\nStage=display\nSeat=seat1\n");
	put_file(DEFAULT_FILE, "/usr/bin/gone\n");
	settle();
	assert_true(has_screen("gdm.service"));
	assert_false(has_screen("kiosk.service"));
	assert_true(has_screen("other.service"));
}

TEST(an_administrator_chooses_a_manifest)
{
	put_two();
	put_link(ALIAS, "/lib/systemd/system/gdm3.service");
	put_file("etc/early/services.d/kiosk.service", MANIFEST);
	put_link("etc/early/services.d/display-manager.service", "kiosk.service");
	settle();
	assert_true(has_screen("kiosk.service"));
	assert_false(has_screen("gdm.service"));
}

TEST(a_mask_chooses_none)
{
	put_two();
	put_link(ALIAS, "/dev/null");
	put_file(DEFAULT_FILE, "/usr/sbin/lightdm\n");
	settle();
	assert_false(has_screen("gdm.service"));
	assert_null(loader_find(&loader, "lightdm.service"));
}

TEST(a_broken_choice_leaves_the_screen_to_a_manifest)
{
	put_two();
	put_file("lib/systemd/system/broken.service", "[Service]\nType=simple\n");
	put_link(ALIAS, "/lib/systemd/system/broken.service");
	settle();
	assert_true(has_screen("gdm.service"));
}

TEST(other_names_of_the_file)
{
	static const char *const texts[] = { "", "\n", "/", "../../x", "a/b c", "false" };

	put_two();
	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		put_file(DEFAULT_FILE, texts[i]);
		settle();
		assert_true(has_screen("gdm.service"));
		loader_done(&loader);
	}
}

#define TREE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

TEST_MAIN(TREE(alias_chooses_a_stock_unit), TREE(alias_chooses_a_manifest),
	  TREE(the_file_chooses_without_an_alias), TREE(an_alias_of_a_removed_unit_does_not_count),
	  TREE(first_manifest_if_nothing_says_it), TREE(an_administrator_chooses_a_manifest),
	  TREE(a_mask_chooses_none), TREE(a_broken_choice_leaves_the_screen_to_a_manifest),
	  TREE(other_names_of_the_file))
