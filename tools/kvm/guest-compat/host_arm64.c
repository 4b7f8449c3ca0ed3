// SPDX-License-Identifier: GPL-2.0-only
/*
 * VMs on this host: what guest_state does, which is compiled into this file with
 * the selftests' library below it, so that there is one copy of each.
 *
 * What the library gives up on ends its process, hence the children.
 */
#include "../../testing/selftests/kvm/arm64/guest_state.c"

#include <fnmatch.h>

#include "guest_compat.h"

#include "compat.h"

/* What is selected in each VM: a baseline, a vector of a dump or a file, or nothing */
static const char *selected;
static const json_t *selected_revisions;
static struct compat_vector *selected_vector;
static bool has_capability;

/* ------------------------------- Children ------------------------------- */

/*
 * Has @fn fill an object in a process of its own, since the library ends its own when
 * it gives up. Returns NULL if it did not come back, which has been said.
 */
static json_t *in_process(void (*fn)(json_t *result, void *arg), void *arg)
{
	FILE *f = tmpfile();
	json_t *result;
	int status = -1;
	pid_t pid;

	fflush(NULL);
	pid = f ? fork() : -1;
	if (!pid) {
		alarm(300);
		dup2(2, 1);	/* what the library says is progress */
		result = json_object();
		fn(result, arg);
		if (json_dumpf(result, f, JSON_COMPACT) || fflush(f))
			_exit(1);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFEXITED(status) || WEXITSTATUS(status)) {
		if (pid >= 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
			say("the virtual machine did not answer for five minutes");
		else
			say("the virtual machine could not be made or run; what KVM said is above");
		return NULL;
	}
	rewind(f);
	result = json_loadf(f, 0, NULL);
	fclose(f);
	return result;
}

static const char *hex_str(u64 v)
{
	static char buf[32];

	snprintf(buf, sizeof(buf), "%#lx", (unsigned long)v);
	return v ? buf : "0x0";
}

static void set_text(json_t *o, const char *key, const char *text)
{
	json_object_set_new(o, key, json_string(text));
}

/* --------------------------------- Host ---------------------------------- */

const char *no_kvm(void)
{
	static char msg[200];
	int fd = open("/dev/kvm", O_RDWR | O_CLOEXEC);

	if (fd >= 0) {
		close(fd);
		return NULL;
	}
	snprintf(msg, sizeof(msg), "/dev/kvm: %s: %s", strerror(errno),
		 errno == EACCES ? "this user must be in the group that owns it (kvm, mostly)" :
		 "this kernel offers no virtual machines; was it booted at EL2, with CONFIG_KVM?");
	return msg;
}

static void read_line(const char *path, char *buf, size_t size)
{
	FILE *f = fopen(path, "r");

	buf[0] = '\0';
	if (f) {
		if (!fgets(buf, size, f))
			buf[0] = '\0';
		fclose(f);
	}
	buf[strcspn(buf, "\n")] = '\0';
}

/* The kernel tells it in its log only, which not everybody may read. */
static const char *kvm_mode(void)
{
	static char line[1024];
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK);
	const char *mode = "unknown: the kernel's log cannot be read";
	ssize_t n;

	if (fd < 0)
		return mode;
	mode = "unknown: the kernel's log has it no longer";
	while ((n = read(fd, line, sizeof(line) - 1)) > 0 || (n < 0 && errno == EPIPE)) {
		line[n > 0 ? n : 0] = '\0';
		if (strstr(line, "Protected nVHE mode initialized") ||
		    strstr(line, "Protected hVHE mode initialized"))
			mode = "protected";
		else if (strstr(line, "hVHE mode initialized"))
			mode = "hVHE";
		else if (strstr(line, "VHE+NV mode initialized"))
			mode = "VHE with nested virtualization";
		else if (strstr(line, "nVHE mode initialized") ||
			 strstr(line, "Hyp mode initialized"))
			mode = "nVHE";
		else if (strstr(line, "VHE mode initialized"))
			mode = "VHE";
	}
	close(fd);
	return mode;
}

/* What a VMM asks for before it makes VMs */
static const struct {
	long		cap;
	const char	*name;
} caps[] = {
#define CAP(n)	{ n, #n }
	CAP(KVM_CAP_ARM_VM_IPA_SIZE), CAP(KVM_CAP_ARM_EL1_32BIT), CAP(KVM_CAP_ARM_PSCI_0_2),
	CAP(KVM_CAP_ARM_PMU_V3), CAP(KVM_CAP_ARM_SVE), CAP(KVM_CAP_ARM_PTRAUTH_ADDRESS),
	CAP(KVM_CAP_ARM_PTRAUTH_GENERIC), CAP(KVM_CAP_ARM_EL2), CAP(KVM_CAP_ARM_EL2_E2H0),
	CAP(KVM_CAP_ARM_MTE), CAP(KVM_CAP_ARM_INJECT_SERROR_ESR), CAP(KVM_CAP_ARM_USER_IRQ),
	CAP(KVM_CAP_ARM_INJECT_EXT_DABT), CAP(KVM_CAP_ARM_NISV_TO_USER),
	CAP(KVM_CAP_ARM_SYSTEM_SUSPEND), CAP(KVM_CAP_ARM_SUPPORTED_REG_MASK_RANGES),
	CAP(KVM_CAP_ARM_WRITABLE_IMP_ID_REGS), CAP(KVM_CAP_COUNTER_OFFSET),
	CAP(KVM_CAP_VCPU_ATTRIBUTES), CAP(KVM_CAP_STEAL_TIME), CAP(KVM_CAP_GUEST_DEBUG_HW_BPS),
	CAP(KVM_CAP_GUEST_DEBUG_HW_WPS), CAP(KVM_CAP_MAX_VCPUS), CAP(KVM_CAP_NR_MEMSLOTS),
#undef CAP
};

static void kvm_facts(json_t *host, void *unused)
{
	json_t *list = json_object(), *gic = json_array();
	struct kvm_guest_compat_baseline *b;
	char line[STRING_MAX];
	u32 i;

	for (i = 0; i < ARRAY_SIZE(caps); i++)
		json_object_set_new(list, caps[i].name, json_integer(kvm_check_cap(caps[i].cap)));
	json_object_set_new(host, "capabilities", list);
	if (kvm_supports_vgic(KVM_DEV_TYPE_ARM_VGIC_V2))
		json_array_append_new(gic, json_string("GICv2"));
	if (kvm_supports_vgic(KVM_DEV_TYPE_ARM_VGIC_V3))
		json_array_append_new(gic, json_string("GICv3"));
	if (kvm_supports_vgic(KVM_DEV_TYPE_ARM_VGIC_ITS))
		json_array_append_new(gic, json_string("ITS"));
	json_object_set_new(host, "gic", gic);

	if (!json_is_true(json_object_get(host, "guest_compat")) &&
	    !kvm_check_cap(KVM_CAP_GUEST_COMPAT)) {
		json_object_set_new(host, "guest_compat", json_false());
		return;
	}
	json_object_set_new(host, "guest_compat", json_true());
	list = json_array();
	for (i = 0; (b = compat_baseline(i)); i++)
		json_array_append_new(list, json_string(b->name));
	json_object_set_new(host, "baselines", list);
	read_line("/sys/module/kvm/parameters/guest_compat", line, sizeof(line));
	set_text(host, "default", *line ? line : "native");
}

json_t *host_facts(void)
{
	char version[64], string[STRING_MAX];
	const char *evidence;
	struct utsname u;
	json_t *host;

	host = no_kvm() ? json_object() : in_process(kvm_facts, NULL);
	if (!host)
		return NULL;
	uname(&u);
	kernel_version(u.release, u.version, version, sizeof(version));
	set_text(host, "kernel", version);
	set_text(host, "uname", u.release);
	set_text(host, "midr", hex_str(read_sysreg(midr_el1)));
	set_text(host, "cpu", cpu_name(read_sysreg(midr_el1)));
	set_text(host, "mode", kvm_mode());
	if (string_of_kernel(version, string, sizeof(string), &evidence)) {
		set_text(host, "string", string);
		set_text(host, "evidence", evidence);
	}
	return host;
}

static void list_baselines(json_t *result, void *unused)
{
	struct kvm_guest_compat_baseline *b;
	json_t *list = json_array();

	if (kvm_check_cap(KVM_CAP_GUEST_COMPAT))
		for (u32 i = 0; (b = compat_baseline(i)); i++)
			json_array_append_new(list, json_string(b->name));
	json_object_set_new(result, "baselines", list);
}

json_t *host_baselines(void)
{
	json_t *result = in_process(list_baselines, NULL);
	json_t *list = json_object_get(result, "baselines");

	return json_array_size(list) ? json_incref(list) : NULL;
}

/* ------------------------------- Selecting -------------------------------- */

static void select_for(struct kvm_vm *vm)
{
	struct kvm_guest_compat_baseline *b;
	const char *name, *why;
	struct compat_vector v;
	const json_t *rev;
	struct vector want;
	u32 i;

	if (selected_vector) {
		TEST_ASSERT(!compat_set(vm, KVM_GUEST_COMPAT_LOAD, selected_vector),
			    "KVM_GUEST_COMPAT_LOAD: %s", strerror(errno));
		return;
	}
	if (selected_revisions) {
		compat_list(vm, &v);
		json_object_foreach((json_t *)selected_revisions, name, rev) {
			struct kvm_guest_compat_behaviour *e = compat_find(&v, name);

			TEST_ASSERT(e, "This kernel does not know the guest's behaviour %s", name);
			e->revision = json_integer_value(rev);
		}
		TEST_ASSERT(!compat_set(vm, KVM_GUEST_COMPAT_LOAD, &v),
			    "This kernel cannot give the guest what it had");
		return;
	}
	if (!selected || !strcmp(selected, "as it is"))
		return;
	if (!strcmp(selected, "native")) {
		TEST_ASSERT(!compat_select(vm, KVM_GUEST_COMPAT_NATIVE),
			    "KVM_CAP_GUEST_COMPAT");
		return;
	}
	for (i = 0; (b = compat_baseline(i)); i++) {
		if (strcmp(b->name, selected))
			continue;
		TEST_ASSERT(!compat_select(vm, b->baseline), "%s cannot be selected", selected);
		return;
	}

	/* What the parameter takes is more than the names of baselines. */
	why = vector_of_string(selected, &want);
	TEST_ASSERT(!why, "%s", why);
	compat_list(vm, &v);
	for (i = 0; i < compat_nr(&v); i++)
		if (compat_entry(&v, i)->id <= MAX_ID && *behaviour_name(compat_entry(&v, i)->id))
			compat_entry(&v, i)->revision = want.revision[compat_entry(&v, i)->id];
	TEST_ASSERT(!compat_set(vm, KVM_GUEST_COMPAT_LOAD, &v), "%s cannot be selected",
		    selected);
}

static void select_baseline(struct bare_vm *m)
{
	select_for(m->vm);
}

/* -------------------------- What a register takes -------------------------- */

static u64 get_u64(struct kvm_vcpu *vcpu, u64 id)
{
	u64 v = 0;

	reg_do(vcpu, false, id, &v);
	return v;
}

/* Writes @v over @own, and makes it what it was; false if that is refused */
static bool try_reg(struct kvm_vcpu *vcpu, u64 id, u64 own, u64 v, u64 *back)
{
	bool taken = !reg_do(vcpu, true, id, &v);

	*back = get_u64(vcpu, id);
	if (taken)
		reg_do(vcpu, true, id, &own);
	return taken;
}

static bool is_id_reg(u64 id)
{
	u32 reg = kvm_sysreg(id);

	return (id & KVM_REG_ARM_COPROC_MASK) == KVM_REG_ARM64_SYSREG &&
	       reg >= sys_reg(3, 0, 0, 1, 0) && reg <= sys_reg(3, 0, 0, 7, 7);
}

/* Each value of each @width bits, the rest being the VM's own */
static json_t *try_fields(struct kvm_vcpu *vcpu, u64 id, u64 own, int width)
{
	json_t *fields = json_array();
	bool any = false;
	u64 v;

	for (int low = 0; low + width <= 64; low += width) {
		u64 values = 1ULL << width, mask = (values - 1) << low, want, back;
		char said[17] = "";

		for (v = 0; v < values; v++) {
			want = (own & ~mask) | v << low;
			back = own;
			if (want != own && !try_reg(vcpu, id, own, want, &back)) {
				said[v] = '-';
				continue;
			}
			said[v] = "0123456789abcdef"[(back & mask) >> low];
			any |= want != own;
		}
		json_array_append_new(fields, json_string(said));
	}
	if (!any) {
		json_decref(fields);
		return json_pack("{s:b}", "nothing", 1);
	}
	return json_pack("{s:o}", "fields", fields);
}

static json_t *try_values(struct kvm_vcpu *vcpu, u64 id, u64 own, const u64 *v, unsigned int nr)
{
	json_t *values = json_object();
	char key[32];
	u64 back;

	for (unsigned int i = 0; i < nr; i++) {
		snprintf(key, sizeof(key), "%s", hex_str(v[i]));
		if (try_reg(vcpu, id, own, v[i], &back))
			set_text(values, key, hex_str(back));
		else
			json_object_set_new(values, key, json_null());
	}
	return json_pack("{s:o}", "values", values);
}

/* All ones and all zeroes; where they are refused, each bit alone */
static json_t *try_bits(struct kvm_vcpu *vcpu, u64 id, u64 own)
{
	u64 all = KVM_REG_SIZE(id) == 8 ? ~0ULL : BIT(KVM_REG_SIZE(id) * 8) - 1;
	char said[65] = "", one_str[32];
	u64 one, zero, back;
	bool any = false;

	if (try_reg(vcpu, id, own, all, &one) && try_reg(vcpu, id, own, 0, &zero)) {
		if (one == all && !zero)
			return NULL;	/* takes anything */
		snprintf(one_str, sizeof(one_str), "%s", hex_str(one));
		return json_pack("{s:s, s:s}", "ones", one_str, "zeros", hex_str(zero));
	}
	for (int i = 0; i < 64; i++) {
		u64 bit = 1ULL << i;

		said[i] = '-';
		if (!(bit & all) || !try_reg(vcpu, id, own, own ^ bit, &back))
			continue;
		said[i] = (back ^ own) & bit ? '+' : '.';
		any = true;
	}
	return any ? json_pack("{s:s}", "bits", said) : json_pack("{s:b}", "nothing", 1);
}

static json_t *try_vcpu_reg(struct kvm_vcpu *vcpu, u64 id)
{
	static const u64 psci[] = { 1, 2, 0x10000, 0x10001, 0x10002, 0x10003, 0x10004 };
	static const u64 levels[] = { 0, 1, 2, 3, 0x10, 0x11, 0x12, 0x13 };
	u64 own;

	/* Counters run, and ISTATUS says what the timer does. */
	if (KVM_REG_SIZE(id) > 8 || id == KVM_REG_ARM_TIMER_CNT || id == KVM_REG_ARM_PTIMER_CNT ||
	    id == KVM_REG_ARM_TIMER_CTL || id == KVM_REG_ARM_PTIMER_CTL)
		return NULL;
	own = get_u64(vcpu, id);
	if (is_id_reg(id))
		return try_fields(vcpu, id, own, 4);
	/* Not all of its bits can be changed alone. */
	if (id == KVM_ARM64_SYS_REG(SYS_CLIDR_EL1))
		return try_fields(vcpu, id, own, 3);
	if (id == KVM_REG_ARM_PSCI_VERSION)
		return try_values(vcpu, id, own, psci, ARRAY_SIZE(psci));
	switch (id & KVM_REG_ARM_COPROC_MASK) {
	case KVM_REG_ARM_FW:
		return try_values(vcpu, id, own, levels, ARRAY_SIZE(levels));
	case KVM_REG_ARM64_SYSREG:
		/* Another vCPU's */
		return id == KVM_ARM64_SYS_REG(SYS_MPIDR_EL1) ? NULL : try_bits(vcpu, id, own);
	case KVM_REG_ARM_DEMUX:
	case KVM_REG_ARM_FW_FEAT_BMAP:
		return try_bits(vcpu, id, own);
	default:
		return NULL;
	}
}

static void find_ctlr(const struct vgic_attr *a, void *attr)
{
	if (!strcmp(a->reg->name, "GICR_CTLR") && !a->vcpu)
		*(u64 *)attr = a->attr;
}

/* Which revisions GICD_IIDR takes, and which bits GICR_CTLR; others are as they are read */
static json_t *try_gic(struct bare_vm *m, const struct vgic_reg *reg, u64 attr, u32 len)
{
	u64 own = 0, v, back, ctlr_attr = 0;
	char key[32], said[65];
	json_t *values, *ctlr;

	vgic_attr_do(m, false, reg->group, attr, &own, len);
	if (!strcmp(reg->name, "GICD_IIDR")) {
		values = json_object();
		ctlr = json_object();
		vgic_walk_attrs(m, find_ctlr, &ctlr_attr);
		for (u32 r = 0; r < 8; r++) {
			v = (own & ~GENMASK(15, 12)) | r << 12;
			snprintf(key, sizeof(key), "%s", hex_str(v));
			if (vgic_attr_do(m, true, reg->group, attr, &v, len)) {
				json_object_set_new(values, key, json_null());
				continue;
			}
			back = 0;
			vgic_attr_do(m, false, reg->group, attr, &back, len);
			set_text(values, key, hex_str(back));
			back = 0;
			if (m->d.gic == 3 &&
			    !vgic_attr_do(m, false, KVM_DEV_ARM_VGIC_GRP_REDIST_REGS, ctlr_attr,
					  &back, 4))
				set_text(ctlr, key, hex_str(back));
			v = own;
			vgic_attr_do(m, true, reg->group, attr, &v, len);
		}
		return json_pack("{s:o, s:o}", "values", values, "GICR_CTLR", ctlr);
	}
	if (!strcmp(reg->name, "GICR_CTLR")) {
		memset(said, '+', 64);
		said[64] = '\0';
		for (int i = 1; i < 32; i++) {	/* 0 would enable LPIs */
			v = own ^ BIT(i);
			back = own;
			if (vgic_attr_do(m, true, reg->group, attr, &v, len)) {
				said[i] = '-';
				continue;
			}
			vgic_attr_do(m, false, reg->group, attr, &back, len);
			said[i] = (back ^ own) & BIT(i) ? '+' : '.';
			vgic_attr_do(m, true, reg->group, attr, &own, len);
		}
		return json_pack("{s:s}", "bits", said);
	}
	/* Only compared: whatever else there was is altered. */
	if (fnmatch("GIC[DR]_TYPER*", reg->name, 0) && fnmatch("GIC*_PIDR2", reg->name, 0) &&
	    fnmatch("GIC[RC]_IIDR", reg->name, 0) && strcmp(reg->name, "GITS_TYPER"))
		return NULL;
	return json_pack("{s:s, s:s}", "ones", hex_str(own), "zeros", hex_str(own));
}

/* What the PMU's registers show the guest when all of their bits were written */
static void try_shown(struct bare_vm *m, json_t *items)
{
	static const u32 pmu[] = { SYS_PMINTENSET_EL1, SYS_PMINTENCLR_EL1, SYS_PMCNTENSET_EL0,
				   SYS_PMCNTENCLR_EL0, SYS_PMOVSCLR_EL0 };
	struct seen seen[MAX_SEEN] = {};
	u64 ones = ~0ULL, back;
	json_t *item;
	char name[64];
	size_t n;
	int i, j;

	/* It sets its registers and reads them, then reads them again. */
	if (run_guest(m, seen))
		return;
	for (i = 0; i < ARRAY_SIZE(pmu); i++)
		if (!reg_do(m->vcpu[0], false, KVM_ARM64_SYS_REG(pmu[i]), &back))
			reg_do(m->vcpu[0], true, KVM_ARM64_SYS_REG(pmu[i]), &ones);
	if (run_guest(m, seen))
		return;
	for (i = 0; i < ARRAY_SIZE(guest_regs); i++) {
		for (j = 0; j < ARRAY_SIZE(pmu) && pmu[j] != guest_regs[i].reg; j++)
			;
		if (j == ARRAY_SIZE(pmu) || !seen[i].valid || seen[i].undef)
			continue;
		sysreg_name(name, sizeof(name), pmu[j]);
		json_array_foreach(items, n, item) {
			json_t *takes = json_object_get(item, "takes");

			if (strcmp(json_string_value(json_object_get(item, "name")), name) ||
			    strcmp(json_string_value(json_object_get(item, "class")), "vcpu0/reg"))
				continue;
			if (!takes) {
				takes = json_object();
				json_object_set_new(item, "takes", takes);
			}
			set_text(takes, "shown", hex_str(seen[i].val));
		}
	}
}

/* ------------------------------- A machine -------------------------------- */

static void add_fields(json_t *item, const char *name, u64 value)
{
	json_t *fields = json_object();
	char buf[64];

	for (const struct field *f = NULL; (f = next_field(f, name, ~0ULL)); )
		if (value & field_bits(f))
			set_text(fields, f->name, field_value(f, value, buf, sizeof(buf)));
	if (json_object_size(fields))
		json_object_set_new(item, "fields", fields);
	else
		json_decref(fields);
}

static json_t *item_of(const struct restore *rs, const struct record *r)
{
	char class[64], name[64], id[32], *value = malloc(2 * PAGE + 8);
	json_t *item;
	u64 v = 0;

	rec_names(rs, r, class, name, sizeof(name));
	snprintf(id, sizeof(id), "%s", hex_str(r->id));
	if (r->type == REC_SEEN) {
		struct seen_desc *sd = (void *)r->data;

		item = json_pack("{s:s, s:s, s:s, s:s, s:i}", "class", class, "name", name, "id",
				 id, "value", hex_str(sd->val), "exit", sd->index);
		if (sd->undef)
			json_object_set_new(item, "exception", json_true());
	} else {
		item = json_pack("{s:s, s:s, s:s, s:s, s:i, s:i}", "class", class, "name", name,
				 "id", id, "value", val_str(value, r->data, r->len),
				 "type", r->type, "bytes", r->len);
		if (r->vcpu)
			json_object_set_new(item, "vcpu", json_integer(r->vcpu));
	}
	if (r->len <= 8 && r->type != REC_SEEN) {
		memcpy(&v, r->data, r->len);
		if (is_id_reg(r->id) && r->type == REC_REG)
			add_fields(item, name, v);
	}
	free(value);
	return item;
}

/* What KVM listed for some VM up to now: a kernel may take a register that it does not list */
#define REG(reg)		{ SYS_##reg, SYS_##reg },
#define REGS(first, last)	{ SYS_##first, SYS_##last },
static const struct {
	u32 first, last;
} once_listed[] = {
#include "../../../arch/arm64/kvm/guest-compat/listed.h"
};

#undef REG
#undef REGS

static void try_unlisted(struct kvm_vcpu *vcpu, const struct kvm_reg_list *list, u64 id,
			 json_t *items)
{
	char name[64], id_str[32];
	json_t *item, *takes;
	bool own_taken;
	u64 val = 0;

	for (u64 i = 0; i < list->n; i++)
		if (list->reg[i] == id)
			return;
	if (reg_do(vcpu, false, id, &val))
		return;
	/* The value that is read need not be one that is taken. */
	own_taken = !reg_do(vcpu, true, id, &val);
	takes = try_vcpu_reg(vcpu, id);
	if (!own_taken && (!takes || json_object_get(takes, "nothing"))) {
		json_decref(takes);
		return;
	}
	reg_name(name, sizeof(name), id);
	snprintf(id_str, sizeof(id_str), "%s", hex_str(id));
	item = json_pack("{s:s, s:s, s:s, s:s}", "class", "vcpu0/reg", "name", name, "id", id_str,
			 "value", hex_str(val));
	if (takes)
		json_object_set_new(item, "takes", takes);
	json_array_append_new(items, item);
}

static json_t *unlisted(struct kvm_vcpu *vcpu)
{
	const u64 fw = KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_FW;
	const u64 bmap = KVM_REG_ARM64 | KVM_REG_SIZE_U64 | KVM_REG_ARM_FW_FEAT_BMAP;
	const u64 ccsidr = KVM_REG_ARM64 | KVM_REG_SIZE_U32 | KVM_REG_ARM_DEMUX |
			   KVM_REG_ARM_DEMUX_ID_CCSIDR;
	struct kvm_reg_list *list = vcpu_get_reg_list(vcpu);
	json_t *items = json_array();

	for (u32 i = 0; i < ARRAY_SIZE(once_listed); i++)
		for (u32 reg = once_listed[i].first; reg <= once_listed[i].last;
		     reg += sys_reg(0, 0, 0, 0, 1))
			try_unlisted(vcpu, list, KVM_ARM64_SYS_REG(reg), items);
	for (u64 i = 0; i < 14; i++) {
		try_unlisted(vcpu, list, ccsidr | i, items);
		if (i < 4)
			try_unlisted(vcpu, list, fw | i, items);
		if (i < 4)
			try_unlisted(vcpu, list, bmap | i, items);
	}
	free(list);
	return items;
}

static json_t *own;

static void keep_own(enum result res, const char *class, const char *name, const char *detail)
{
	char line[200];

	if (res != REFUSED && res != ALTERED)
		return;
	snprintf(line, sizeof(line), "%s %s %s", result_names[res], class, name);
	json_array_append_new(own, json_string(line));
}

static json_t *vm_facts(const struct bare_vm_desc *d)
{
	return json_pack("{s:i, s:i, s:i, s:i, s:i, s:i, s:I, s:I, s:I, s:I, s:I}", "vcpus",
			 d->nr_vcpus, "gic", d->gic, "its", d->its, "irqs", d->nr_irqs, "pmu_ppi",
			 d->pmu_ppi, "ipa_bits", d->ipa_bits, "ram_base", (json_int_t)d->ram_base,
			 "ram_size", (json_int_t)d->ram_size, "dist_base",
			 (json_int_t)d->dist_base, "cpu_base", (json_int_t)d->cpu_base, "its_base",
			 (json_int_t)d->its_base);
}

static json_t *init_facts(const struct kvm_vcpu_init *init)
{
	json_t *features = json_array();

	for (unsigned int i = 0; i < nr_vcpu_features; i++)
		if (init->features[0] & BIT(vcpu_features[i].bit))
			json_array_append_new(features, json_string(vcpu_features[i].name));
	return json_pack("{s:i, s:o}", "target", init->target, "features", features);
}

/* Which targets and features a vCPU can have here, whatever this VM has */
static void try_inits(json_t *machine, const struct bare_vm_desc *d)
{
	json_t *targets = json_array(), *features = json_array();
	struct kvm_vcpu_init init;
	struct bare_vm m;
	u32 i;

	for (i = 0; i < KVM_ARM_NUM_TARGETS; i++) {
		make_vm(&m, d);
		init = (struct kvm_vcpu_init){ .target = i };
		init.features[0] = BIT(KVM_ARM_VCPU_PSCI_0_2);
		if (!vcpu_do(m.vcpu[0], KVM_ARM_VCPU_INIT, &init))
			json_array_append_new(targets, json_integer(i));
		if (!i)
			for (unsigned int f = 0; f < nr_vcpu_features; f++)
				if (vm_has_vcpu_feature(m.vm, &vcpu_features[f]))
					json_array_append_new(features,
							      json_string(vcpu_features[f].name));
		bare_vm_free(&m);
	}
	json_object_set_new(machine, "targets", targets);
	json_object_set_new(machine, "features", features);
}

static void add_revisions(json_t *machine, struct kvm_vm *vm)
{
	struct kvm_guest_compat_behaviour *b;
	struct compat_vector v;
	json_t *revisions;

	if (!has_capability)
		return;
	revisions = json_object();
	compat_list(vm, &v);
	for (u32 i = 0; (b = compat_entry(&v, i)); i++)
		json_object_set_new(revisions, b->name, json_integer(b->revision));
	json_object_set_new(machine, "revisions", revisions);
}

/* The items alone, and nothing tried */
static void list_all(json_t *machine, const struct state *s)
{
	struct restore rs = { .m.d = *state_vm(s) };
	json_t *items = json_array();
	struct bare_vm m;
	struct record *r;

	make_vm(&m, state_vm(s));
	add_revisions(machine, m.vm);
	bare_vm_free(&m);
	for (r = first_rec(s); r; r = next_rec(r))
		if (is_item(r))
			json_array_append_new(items, item_of(&rs, r));
	json_object_set_new(machine, "items", items);
}

/* The same VM again, which has not run, and takes what it is given */
static void try_all(json_t *machine, const struct state *s, const char *without)
{
	struct save_opts o = { .nr_vcpus = 1, .without = without };
	struct restore rs = { .m.d = *state_vm(s) };
	json_t *items = json_array(), *item, *takes;
	const struct vgic_reg *reg;
	struct bare_vm m;
	struct record *r;
	u32 irq;

	make_vm(&m, state_vm(s));
	bare_vm_init_vcpu(&m, 0, vm_vcpu_features(m.vm, o.without));
	bare_vm_init_devices(&m);
	add_revisions(machine, m.vm);
	for (r = first_rec(s); r; r = next_rec(r)) {
		if (!is_item(r))
			continue;
		item = item_of(&rs, r);
		takes = NULL;
		reg = r->type > REC_ATTR ?
		      vgic_find_reg(m.d.gic, r->type - REC_ATTR, r->id, &irq) : NULL;
		if (r->type == REC_REG)
			takes = try_vcpu_reg(m.vcpu[0], r->id);
		else if (reg)
			takes = try_gic(&m, reg, r->id, r->len);
		if (takes)
			json_object_set_new(item, "takes", takes);
		json_array_append_new(items, item);
	}
	json_object_set_new(machine, "unlisted", unlisted(m.vcpu[0]));
	bare_vm_free(&m);

	make_vm(&m, state_vm(s));
	bare_vm_init_vcpu(&m, 0, vm_vcpu_features(m.vm, o.without));
	bare_vm_init_devices(&m);
	load_guest(&m);
	try_shown(&m, items);
	bare_vm_free(&m);
	json_object_set_new(machine, "items", items);
}

static bool quick;
static const char *left_out;

static void look(json_t *machine, void *without)
{
	struct save_opts o = { .nr_vcpus = 1, .without = without };
	struct state s = {};
	const char *why;
	json_t *vcpus = json_array();

	has_capability = kvm_check_cap(KVM_CAP_GUEST_COMPAT) > 0;
	hooks.vm_made = select_baseline;
	why = save_state(&s, &o);
	TEST_ASSERT(!why, "%s", why);
	set_text(machine, "baseline", selected ?: "as it is");
	json_object_set_new(machine, "vm", vm_facts(state_vm(&s)));
	json_array_append_new(vcpus, init_facts((void *)find_rec(&s, REC_INIT, 0, 0)->data));
	json_object_set_new(machine, "vcpus", vcpus);
	if (quick) {
		list_all(machine, &s);
	} else {
		try_inits(machine, state_vm(&s));
		try_all(machine, &s, without);
	}

	own = json_array();
	report.to = keep_own;
	restore_state(&s);
	json_object_set_new(machine, "own", own);
}

static void see(json_t *result, void *machine)
{
	const json_t *vm = json_object_get(machine, "vm");
	int gic = json_integer_value(json_object_get(vm, "gic"));

	has_capability = kvm_check_cap(KVM_CAP_GUEST_COMPAT) > 0;
	json_object_set_new(result, "seen", seen_facts(gic, left_out, select_for));
}

json_t *look_at_machine(const char *baseline, const char *without, bool no_trial)
{
	json_t *machine, *seen;

	selected = baseline;
	quick = no_trial;
	machine = in_process(look, (void *)without);
	if (!machine || quick)
		return machine;
	left_out = without;
	seen = in_process(see, machine);
	if (seen)
		json_object_set(machine, "seen", json_object_get(seen, "seen"));
	else
		say("the dump does not have what a guest sees: no guest could look");
	json_decref(seen);
	return machine;
}

/* ------------------------- A dump as a guest's state ------------------------ */

static u64 num(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

static u64 hex_num(const json_t *o, const char *key)
{
	return strtoull(json_string_value(json_object_get(o, key)) ?: "0", NULL, 16);
}

/* The bytes of a number that is written with its highest first; false if it is too long */
static bool hex_bytes(const char *hex, u8 *bytes, u32 len)
{
	size_t digits = strlen(hex);
	char one[3] = "";

	memset(bytes, 0, len);
	hex += 2;
	digits -= 2;
	if ((digits + 1) / 2 > len)
		return false;
	for (u32 i = 0; digits; i++) {
		u32 n = digits > 1 ? 2 : 1;

		digits -= n;
		snprintf(one, sizeof(one), "%.*s", n, hex + digits);
		bytes[i] = strtoul(one, NULL, 16);
	}
	return true;
}

/* Returns what is wrong with it, or NULL. The checks of state files come after. */
static const char *state_of_machine(struct state *s, const json_t *machine, u64 midr,
				    const char *kernel)
{
	const json_t *vm = json_object_get(machine, "vm"), *o, *f;
	struct bare_vm_desc d = {
		.nr_vcpus = num(vm, "vcpus"), .gic = num(vm, "gic"), .its = num(vm, "its"),
		.nr_irqs = num(vm, "irqs"), .pmu_ppi = num(vm, "pmu_ppi"),
		.ipa_bits = num(vm, "ipa_bits"), .ram_base = num(vm, "ram_base"),
		.ram_size = num(vm, "ram_size"), .dist_base = num(vm, "dist_base"),
		.cpu_base = num(vm, "cpu_base"), .its_base = num(vm, "its_base"),
	};
	u8 data[PAGE];
	size_t i, j;

	*s = (struct state){ calloc(1, sizeof(struct file_header)), sizeof(struct file_header) };
	add_rec(s, REC_RELEASE, 0, 0, kernel, strlen(kernel) + 1);
	add_rec(s, REC_MIDR, 0, 0, &midr, sizeof(midr));
	add_rec(s, REC_VM, 0, 0, &d, sizeof(d));
	json_array_foreach(json_object_get(machine, "vcpus"), i, o) {
		struct kvm_vcpu_init init = { .target = num(o, "target") };

		json_array_foreach(json_object_get(o, "features"), j, f)
			for (unsigned int n = 0; n < nr_vcpu_features; n++)
				if (json_is_string(f) &&
				    !strcmp(json_string_value(f), vcpu_features[n].name))
					init.features[0] |= BIT(vcpu_features[n].bit);
		add_rec(s, REC_INIT, i, 0, &init, sizeof(init));
	}
	json_array_foreach(json_object_get(machine, "items"), i, o) {
		const char *value = json_string_value(json_object_get(o, "value"));
		u64 type = num(o, "type"), bytes = num(o, "bytes"), vcpu = num(o, "vcpu");

		if (json_object_get(o, "exit")) {
			struct seen_desc sd = { num(o, "exit"),
						json_is_true(json_object_get(o, "exception")),
						hex_num(o, "value") };

			add_rec(s, REC_SEEN, vcpu, hex_num(o, "id"), &sd, sizeof(sd));
			continue;
		}
		if (type <= REC_INIT || type > 0x1ff || bytes > sizeof(data) || vcpu > 0xff ||
		    !hex_bytes(value, data, bytes))
			return "an item's type, length or value is not as it should be";
		add_rec(s, type, vcpu, hex_num(o, "id"), data, bytes);
	}
	add_rec(s, REC_END, 0, 0, NULL, 0);
	seal_file(s);
	return check_file(s);
}

struct trial {
	const json_t	*machine;
	struct state	s;
};

static json_t *results;

static void keep_all(enum result res, const char *class, const char *name, const char *detail)
{
	if (res != TAKEN)
		json_array_append_new(results,
				      json_pack("[i, s, s, s]", res, class, name, detail));
}

static void try_restore(json_t *result, void *arg)
{
	struct trial *t = arg;

	has_capability = kvm_check_cap(KVM_CAP_GUEST_COMPAT) > 0;
	TEST_ASSERT(has_capability || !(selected || selected_revisions),
		    "This kernel does not have KVM_CAP_GUEST_COMPAT: nothing can be selected");
	hooks.vm_made = select_baseline;
	report.to = keep_all;
	results = json_array();
	restore_state(&t->s);
	json_object_set_new(result, "results", results);
}

/* guest_state has the errno's name alone. */
static const char *plain_detail(const char *detail)
{
	static char buf[100];
	const char *what =
		!strcmp(detail, "ENOENT") ? "this kernel has no such register" :
		!strcmp(detail, "ENXIO")  ? "this kernel has no such attribute" :
		!strcmp(detail, "EINVAL") ? "this kernel does not take the value" :
		!strcmp(detail, "EPERM")  ? "this kernel does not let it be written now" :
		!strcmp(detail, "EBUSY")  ? "this kernel does not let it be changed any more" :
					    NULL;

	if (!what)
		return detail;
	snprintf(buf, sizeof(buf), "%s (%s)", what, detail);
	return buf;
}

static u64 bits_of(const char *detail)
{
	const char *arrow = strstr(detail, " -> ");

	/* Refused: all of the register may be the reason. */
	return arrow && strlen(detail) < 64 ?
	       strtoull(detail, NULL, 16) ^ strtoull(arrow + 4, NULL, 16) : ~0ULL;
}

/* By guest_state's results */
static const enum outcome outcomes[] = {
	[TAKEN] = TAKEN_, [REFUSED] = REFUSED_, [ALTERED] = ALTERED_, [UNSET] = UNSET_,
	[UNLISTED] = UNLISTED_,
};

int try_machine(const json_t *machine, const char *baseline, struct losses *losses)
{
	struct trial t = { machine };
	json_t *result, *r;
	const char *why;
	size_t i;

	memset(losses, 0, sizeof(*losses));
	selected = baseline && strcmp(baseline, "load") ? baseline : NULL;
	selected_revisions = baseline && !strcmp(baseline, "load") ?
			     json_object_get(machine, "revisions") : NULL;
	why = state_of_machine(&t.s, machine, 0, "dump");
	if (why) {
		say("the dump: %s; nothing was made of it", why);
		return ERROR;
	}
	result = in_process(try_restore, &t);
	if (!result)
		return ERROR;
	json_array_foreach(json_object_get(result, "results"), i, r) {
		const char *class = json_string_value(json_array_get(r, 1));
		const char *name = json_string_value(json_array_get(r, 2));
		const char *detail = json_string_value(json_array_get(r, 3));
		int res = json_integer_value(json_array_get(r, 0));

		add_loss(losses, outcomes[res], class, name, plain_detail(detail),
			 bits_of(detail));
	}
	mark_own(losses, NULL);
	return goes(losses) ? GOES : DOES_NOT;
}

/* ------------------------------ State files ------------------------------ */

/* The kernel's version, which REC_RELEASE does not have of Debian's before 6.12 */
#define REC_VERSION	(REC_OPTIONAL | 1)

static int as_status(int status)
{
	return status == EXIT_SAME ? GOES : status == EXIT_DIFFERS ? DOES_NOT : ERROR;
}

static void this_kernel(char *version, size_t size)
{
	struct utsname u;

	uname(&u);
	kernel_version(u.release, u.version, version, size);
}

static void save_more(struct state *s, struct bare_vm *m)
{
	struct compat_vector v;
	char version[64];

	this_kernel(version, sizeof(version));
	add_rec(s, REC_VERSION, 0, 0, version, strlen(version) + 1);
	if (kvm_check_cap(KVM_CAP_GUEST_COMPAT) <= 0)
		return;
	compat_list(m->vm, &v);
	add_rec(s, REC_VECTOR, 0, 0, &v, v.hdr.size);
}

/* Has an entry all that this program uses of it, as a file need not? */
static struct kvm_guest_compat_behaviour *file_entry(struct compat_vector *v, u32 i)
{
	const size_t most = offsetof(struct kvm_guest_compat_behaviour, name) + 32;

	return v->hdr.entry_size >= most ? compat_entry(v, i) : NULL;
}

/* The file's, or NULL; *@why says if it has one that no kernel wrote */
static struct compat_vector *vector_of_file(const struct state *s, const char **why)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyz0123456789_";
	const struct record *r = find_rec(s, REC_VECTOR, 0, 0);
	struct kvm_guest_compat_behaviour *b;
	static struct compat_vector v;

	*why = NULL;
	if (!r)
		return NULL;
	*why = "its vector is not as a kernel gives it";
	if (r->len > sizeof(v))
		return NULL;
	memcpy(&v, r->data, r->len);
	for (u32 i = 0; (b = file_entry(&v, i)); i++)
		if (strnlen(b->name, sizeof(b->name)) == sizeof(b->name) ||
		    b->name[strspn(b->name, chars)])
			return NULL;
	*why = NULL;
	return &v;
}

/* The version of the kernel that wrote it, as kernels.tsv has versions; "" if it is no word */
static const char *version_of_file(const struct state *s)
{
	const struct record *r = find_rec(s, REC_VERSION, 0, 0) ?: find_rec(s, REC_RELEASE, 0, 0);

	if (!r->len || r->data[r->len - 1])
		return "";
	for (u32 i = 0; i < r->len - 1; i++)
		if (r->data[i] <= ' ' || r->data[i] > '~')
			return "";
	return (const char *)r->data;
}

/* As the parameter kvm.guest_compat has it: "6.12-v1,psci_version=1" */
static const char *vector_str(struct compat_vector *v)
{
	struct kvm_guest_compat_behaviour *b;
	u32 baseline = v->hdr.baseline;
	static char string[STRING_MAX];
	struct vector base;
	size_t len;

	if (baseline)
		snprintf(string, sizeof(string), "%s-v%u", release_str(compat_release(baseline)),
			 baseline & 0xff);
	else
		snprintf(string, sizeof(string), "native");
	if (baseline && vector_of_string(string, &base))
		return string;	/* this program does not know it */
	for (u32 i = 0; (b = file_entry(v, i)); i++) {
		if (b->revision == (baseline && b->id <= MAX_ID ? base.revision[b->id] : b->dflt))
			continue;
		len = strlen(string);
		snprintf(string + len, sizeof(string) - len, ",%.32s=%u", b->name, b->revision);
	}
	if (!baseline) {
		len = strlen(string);
		snprintf(string + len, sizeof(string) - len, " of %s", release_str(v->hdr.native));
	}
	return string;
}

/* The file that list shows, and its vector */
static const struct state *shown;
static struct compat_vector *shown_vector;

static void show_more(const struct record *r)
{
	struct kvm_guest_compat_behaviour *b;

	if (r->type == REC_VERSION)
		printf("source\tversion\t%s\n", version_of_file(shown));
	if (r->type != REC_VECTOR)
		return;
	printf("vector\t-\t%s\n", vector_str(shown_vector));
	for (u32 i = 0; (b = file_entry(shown_vector, i)); i++)
		printf("vector\t%s\t%u\n", b->name, b->revision);
}

/*
 * What becomes of the guest's vector on a host that cannot load it: nothing of it if the
 * kernel is by itself what the guest had.
 */
static void tell_without_capability(struct compat_vector *v, const char *version)
{
	char string[STRING_MAX], others[STRING_MAX] = "";
	struct kvm_guest_compat_behaviour *b;
	const char *evidence;
	struct vector here;
	unsigned int nr = 0;

	if (!string_of_kernel(version, string, sizeof(string), &evidence) ||
	    vector_of_string(string, &here)) {
		say("the guest had %s. This kernel (%s) has no KVM_CAP_GUEST_COMPAT,\n"
		    "  and what it is by itself is not known.", vector_str(v), version);
		return;
	}
	for (u32 i = 0; (b = file_entry(v, i)); i++) {
		/* "unknown" is about what no table has. */
		if (b->id > MAX_ID || !*behaviour_name(b->id) || !strcmp(b->name, "unknown") ||
		    here.revision[b->id] == b->revision)
			continue;
		nr++;
		snprintf(others + strlen(others), sizeof(others) - strlen(others), "%s%s",
			 *others ? ", " : "", b->name);
	}
	if (!nr) {
		say("the guest had %s, which this kernel (%s) is by itself\n"
		    "  (%s).\n"
		    "  It has no KVM_CAP_GUEST_COMPAT, and needs none.",
		    vector_str(v), version, evidence);
		return;
	}
	say("the guest had %s. This kernel (%s) has no KVM_CAP_GUEST_COMPAT\n  and is %s (%s).\n"
	    "  %u behaviour%s not what the guest had, whether or not its state shows it:\n  %s",
	    vector_str(v), version, string, evidence, nr, nr == 1 ? " is" : "s are", others);
}

/* Which entry of it is refused; false if none is */
static bool refused_vector(struct compat_vector *v)
{
	struct kvm_guest_compat_behaviour *b = NULL;
	struct kvm_guest_compat_check c;
	int err = compat_check(NULL, v, &c);
	const char *name;

	if (!err)
		return false;
	say("this kernel cannot give the guest what it had: %s", vector_str(v));
	for (u32 i = 0; c.bad_id && (b = file_entry(v, i)) && b->id != c.bad_id; i++)
		;
	name = behaviour_name(c.bad_id);
	if (b)
		say("%s=%u is refused: %s", b->name, b->revision, strerror(-err));
	else if (c.bad_id)
		say("the file has no revision of %s", *name ? name : "a behaviour of this kernel");
	else
		say("KVM_GUEST_COMPAT_CHECK: %s", strerror(-err));
	say("-b BASELINE restores it into a VM of that baseline,\n"
	    "  -b \"as it is\" into one of the host default");
	return true;
}

static const char *read_state(struct state *s, const char *file, struct compat_vector **v)
{
	const char *why = load_file(s, file);

	if (!why)
		*v = vector_of_file(s, &why);
	return why;
}

/* Decides what the VM will have, and says so; a status */
static int choose_vector(const struct state *s, struct compat_vector *v)
{
	char version[64], string[STRING_MAX];
	const char *evidence;

	this_kernel(version, sizeof(version));
	has_capability = kvm_check_cap(KVM_CAP_GUEST_COMPAT) > 0;
	if (selected && !has_capability && strcmp(selected, "as it is")) {
		say("-b %s: this kernel has no KVM_CAP_GUEST_COMPAT", selected);
		return ERROR;
	}
	if (selected)
		return GOES;
	if (v && has_capability) {
		if (refused_vector(v))
			return DOES_NOT;
		say("loading what the guest had: %s", vector_str(v));
		selected_vector = v;
	} else if (v) {
		tell_without_capability(v, version);
	} else if (has_capability) {
		say("the file does not have the guest's vector: the guest gets the host default");
		if (string_of_kernel(version_of_file(s), string, sizeof(string), &evidence))
			say("-b %s gives it what guests have on %s\n  (%s)", string,
			    version_of_file(s), evidence);
	}
	return GOES;
}

/* What this kernel refuses or alters of a state that it saved itself, of a VM as the file's */
static const json_t *own_losses;

static void find_own(json_t *result, void *arg)
{
	const struct bare_vm_desc *d = state_vm(arg);
	const struct kvm_vcpu_init *init = (void *)find_rec(arg, REC_INIT, 0, 0)->data;
	struct save_opts o = { .gic = d->gic, .nr_vcpus = d->nr_vcpus };
	char without[200] = "";
	struct state s = {};

	for (unsigned int i = 0; i < nr_vcpu_features; i++)
		if (vcpu_features[i].option && !(init->features[0] & BIT(vcpu_features[i].bit)))
			strcat(strcat(without, vcpu_features[i].option), ",");
	if (!d->its)
		strcat(without, "its");
	o.without = without;
	hooks.vm_made = select_baseline;
	hooks.own = NULL;	/* that of the file before */
	own = json_array();
	report.to = keep_own;
	if (!save_state(&s, &o))
		restore_state(&s);
	json_object_set_new(result, "own", own);
}

static bool is_own(const char *result, const char *class, const char *name)
{
	char line[200];
	json_t *v;
	size_t i;

	snprintf(line, sizeof(line), "%s %s %s", result, class, name);
	json_array_foreach((json_t *)own_losses, i, v)
		if (!strcmp(line, json_string_value(v)))
			return true;
	return false;
}

int save_cmd(int argc, char **argv)
{
	struct save_opts o = { .nr_vcpus = 1 };
	int opt;

	while ((opt = getopt(argc, argv, "g:c:x:b:")) != -1) {
		if (opt == 'g')
			o.gic = atoi(optarg);
		else if (opt == 'c')
			o.nr_vcpus = atoi(optarg);
		else if (opt == 'x')
			o.without = optarg;
		else if (opt == 'b')
			selected = optarg;
		else
			return ERROR;
	}
	if (optind != argc - 1 || o.gic == 1 || o.gic > 3 || o.nr_vcpus < 1 ||
	    o.nr_vcpus > BARE_VM_MAX_VCPUS) {
		say("save [-g 2|3] [-c VCPUS] [-x pmu,sve,pauth,its] [-b BASELINE] FILE");
		return ERROR;
	}
	if (selected && kvm_check_cap(KVM_CAP_GUEST_COMPAT) <= 0) {
		say("-b %s: this kernel has no KVM_CAP_GUEST_COMPAT", selected);
		return ERROR;
	}
	hooks.vm_made = select_baseline;
	hooks.save = save_more;
	return as_status(in_child(argv[optind], &o));
}

/* An exit status of one file */
static int restore_one(const char *file)
{
	/* The VM that own_losses are of; with a vector loaded, they are of that file alone. */
	static struct {
		bool			known;
		struct bare_vm_desc	vm;
		struct kvm_vcpu_init	init;
	} looked;
	const struct kvm_vcpu_init *init;
	struct compat_vector *v;
	struct state s = {};
	const char *why;
	u64 midr = 0;
	int status;

	why = read_state(&s, file, &v);
	if (why) {
		say("%s: %s", file, why);
		return ERROR;
	}
	memcpy(&midr, find_rec(&s, REC_MIDR, 0, 0)->data, sizeof(midr));
	if (other_cpu(midr, read_sysreg(midr_el1))) {
		say_other_cpu(file, midr, read_sysreg(midr_el1));
		return DOES_NOT;
	}
	selected_vector = NULL;
	status = choose_vector(&s, v);
	if (status != GOES)
		return status;
	hooks.vm_made = select_baseline;
	init = (void *)find_rec(&s, REC_INIT, 0, 0)->data;
	if (!looked.known || selected_vector ||
	    memcmp(&looked.vm, state_vm(&s), sizeof(looked.vm)) ||
	    memcmp(&looked.init, init, sizeof(looked.init))) {
		own_losses = json_object_get(in_process(find_own, &s), "own");
		looked.known = own_losses && !selected_vector;
		looked.vm = *state_vm(&s);
		looked.init = *init;
	}
	if (json_array_size(own_losses))
		say("%zu items are \"own\": this kernel loses them of its own guests, too",
		    json_array_size(own_losses));
	hooks.own = is_own;
	status = as_status(in_child(file, NULL));
	free(s.data);
	return status;
}

int restore_cmd(int argc, char **argv)
{
	int opt, status = GOES;

	while ((opt = getopt(argc, argv, "mvb:")) != -1) {
		if (opt == 'm')
			report.machine = true;
		else if (opt == 'v')
			report.verbose = true;
		else if (opt == 'b')
			selected = optarg;
		else
			return ERROR;
	}
	if (optind == argc) {
		say("restore [-m] [-v] [-b BASELINE] FILE...");
		return ERROR;
	}
	for (; optind < argc; optind++) {
		int one = restore_one(argv[optind]);

		status = one > status ? one : status;
	}
	return status;
}

int list_cmd(const char *file)
{
	struct state s = {};
	const char *why = read_state(&s, file, &shown_vector);

	if (why) {
		say("%s: %s", file, why);
		return ERROR;
	}
	shown = &s;
	hooks.show = show_more;
	return as_status(show_file(file));
}

/* ------------------- Before the library's constructor --------------------- */

static int stdout_fd = -1;

/*
 * Commands that need no KVM run without: the library's constructor ends a program
 * where there is none, and says no more than that it skips. What else it says, a
 * random seed, is nothing to tell.
 */
static void __attribute__((constructor(101))) before_library(int argc, char **argv)
{
	int null = open("/dev/null", O_WRONLY);

	if (no_kvm()) {
		int status = kvm_compat(argc, argv);

		/* The library's destructors are not for what it did not construct. */
		fflush(stdout);
		_exit(status);
	}
	stdout_fd = dup(1);
	dup2(null, 1);
	close(null);
}

void host_begin(void)
{
	fflush(stdout);
	if (stdout_fd >= 0)
		dup2(stdout_fd, 1);
}
