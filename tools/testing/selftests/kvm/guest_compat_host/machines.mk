# SPDX-License-Identifier: GPL-2.0-only
# Tests with the ID registers of real machines: see machine.c

checks	+= check-machines
built	+= machine

check-machines: $(OUTPUT)/machine
	$< $(filter-out %.py %~ %.orig %.rej,$(sort $(wildcard machines/*)))

$(OUTPUT)/machine: $(gen)/guest-compat/fields.h

$(gen)/guest-compat/fields.h: $(arm64)/tools/sysreg
	mkdir -p $(dir $@)
	awk '$$1 == "Sysreg" { reg = $$2; printf "REG(\"%s\", %d, %d, %d, %d, %d)\n", $$2, $$3, $$4, $$5, $$6, $$7 } \
	     $$1 == "EndSysreg" { reg = "" } \
	     reg && $$1 ~ /^(Field|Enum|SignedEnum|UnsignedEnum)$$/ { \
		n = split($$2, bit, ":"); printf "FIELD(\"%s\", \"%s\", %d, %d)\n", reg, $$3, bit[1], bit[n] }' $< > $@
