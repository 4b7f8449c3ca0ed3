// SPDX-License-Identifier: GPL-2.0-only
/*
 * guest_state - save the state of a VM by KVM's ioctls, restore it elsewhere
 *
 * "save" writes the state of a small VM to a file. "restore" restores the file
 * into a new VM, usually under another host kernel. For each item, it prints
 * whether KVM took it, refused it, or altered it. Without arguments the program
 * is a test: it saves and restores under the kernel that it runs on.
 *
 * The program supports hosts from 5.10 on, so it uses a bare VM. The guest's code
 * is assembled here, and not part of the program's own: the file contains the
 * guest's memory, which must not depend on the program that saved it.
 *
 * Documentation/virt/kvm/arm/guest-state.rst describes the file.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/elf-em.h>
#include <linux/sizes.h>

#include "bare_vm.h"
#include "gic_v3.h"
#include "guest_asm.h"
#include "reg_names.h"
#include "vgic_regs.h"

/* Exit status. Without KVM, the library exits with KSFT_SKIP (4). */
enum { EXIT_SAME, EXIT_DIFFERS, EXIT_BAD_FILE, EXIT_CANNOT };

#define PAGE			SZ_4K

/* The guest's memory. It runs with the MMU off: all addresses are physical. */
#define RAM_BASE		0x40000000ULL
#define RAM_VECTORS		(RAM_BASE + 0x8000)
#define RAM_LPI_CONFIG		(RAM_BASE + 0x10000)
#define RAM_DEVICES		(RAM_BASE + 0x20000)
#define RAM_COLLECTIONS		(RAM_BASE + 0x30000)
#define RAM_ITS_QUEUE		(RAM_BASE + 0x40000)
#define RAM_ITT			(RAM_BASE + 0x50000)
#define RAM_LPI_PENDING(n)	(RAM_BASE + 0x60000 + (n) * SZ_64K)
#define LPI_ID_BITS		14

/* The guest reports to its VMM by storing to these addresses. */
#define EXIT_BASE		0x0a000000ULL
#define EXIT_STOP		(EXIT_BASE + 0)
#define EXIT_UNDEF		(EXIT_BASE + 8)
#define EXIT_SET		(EXIT_BASE + 16)
#define EXIT_VALUE(i)		(EXIT_BASE + 0x1000 + (i) * 8)

/* -------------------------------- The file -------------------------------- */

#define FILE_MAGIC		"KVMSTATE"
#define FILE_ENDIAN		0x01020304
#define FILE_VERSION_1		1
#define FILE_VERSION_2		2	/* with a vector, or optional records */

struct file_header {
	char	magic[8];
	u32	endian;
	u32	version;
	u32	machine;
	u32	crc;		/* of everything after the header */
	u64	length;		/* of the file */
};

enum {
	REC_RELEASE = 1,	/* release of the source's kernel, a string */
	REC_MIDR,		/* MIDR_EL1 of the source's CPU */
	REC_VM,			/* struct bare_vm_desc */
	REC_INIT,		/* struct kvm_vcpu_init */
	REC_RAM,		/* id: guest physical address; zero pages have no record */
	REC_REG,		/* id: the register's, from KVM_GET_REG_LIST */
	REC_EVENTS,		/* struct kvm_vcpu_events */
	REC_MP_STATE,		/* struct kvm_mp_state */
	REC_SEEN,		/* id: the register's, as for REC_REG; struct seen_desc */
	REC_END,
	REC_VECTOR,		/* struct kvm_guest_compat_vector, from KVM_GUEST_COMPAT_LIST */
	REC_ATTR = 0x100,	/* + vGIC attribute group; id: attribute */
	REC_OPTIONAL = 0x8000,	/* a bit: readers skip the record if they do not know it */
};

struct record {
	u16	type;
	u16	vcpu;
	u32	len;		/* of the data, without the zeroes that pad it to 8 bytes */
	u64	id;
	u8	data[];
};

static_assert(sizeof(struct bare_vm_desc) == 64, "the file contains this structure");

/* struct kvm_guest_compat_vector without its entries */
struct vector_desc {
	u32	size;
	u32	entry_size;
	u32	others[6];
};

#define MAX_VECTOR	SZ_64K

/* A register as the guest read it before the save. The restored guest reads it again. */
struct seen_desc {
	u32	index;		/* the guest reports the value at EXIT_VALUE(index) */
	u32	undef;		/* the read gave an exception; val is its ESR_EL1 */
	u64	val;
};

#define MAX_SEEN	256

struct state {
	u8	*data;
	size_t	len;
};

static struct record *first_rec(const struct state *s)
{
	return (void *)(s->data + sizeof(struct file_header));
}

/* Returns NULL after the last record. */
static struct record *next_rec(const struct record *r)
{
	r = (void *)((u8 *)(r + 1) + round_up(r->len, 8));
	return r->type == REC_END ? NULL : (void *)r;
}

static struct record *find_rec(const struct state *s, u16 type, u16 vcpu, u64 id)
{
	struct record *r;

	for (r = first_rec(s); r; r = next_rec(r)) {
		if (r->type == type && r->vcpu == vcpu && r->id == id)
			return r;
	}
	return NULL;
}

static void add_rec(struct state *s, u16 type, u16 vcpu, u64 id,
		    const void *data, u32 len)
{
	size_t size = sizeof(struct record) + round_up(len, 8);
	struct record *r;

	s->data = realloc(s->data, s->len + size);
	TEST_ASSERT(s->data, "Out of memory");
	r = (void *)(s->data + s->len);
	memset(r, 0, size);
	r->type = type;
	r->vcpu = vcpu;
	r->len = len;
	r->id = id;
	memcpy(r->data, data, len);
	s->len += size;
}

/* Items are compared: restore reads them back, or the guest reads them. */
static bool is_item(const struct record *r)
{
	return r->type > REC_INIT && r->type != REC_VECTOR && !(r->type & REC_OPTIONAL);
}

static u32 crc32(const u8 *p, size_t len)
{
	static u32 table[256];
	u32 crc = ~0u;
	int i, j;

	if (!table[1]) {
		for (i = 0; i < 256; i++) {
			u32 v = i;

			for (j = 0; j < 8; j++)
				v = v & 1 ? v >> 1 ^ 0xedb88320 : v >> 1;
			table[i] = v;
		}
	}

	while (len--)
		crc = crc >> 8 ^ table[(crc ^ *p++) & 0xff];
	return ~crc;
}

static void seal_file(struct state *s)
{
	struct file_header *h = (void *)s->data;
	size_t off;
	struct record *r;

	memcpy(h->magic, FILE_MAGIC, sizeof(h->magic));
	h->endian = FILE_ENDIAN;
	h->version = FILE_VERSION_1;
	for (off = sizeof(*h); off + sizeof(*r) <= s->len;
	     off += sizeof(*r) + round_up((u64)r->len, 8)) {
		r = (void *)(s->data + off);
		if (r->type == REC_VECTOR || r->type & REC_OPTIONAL)
			h->version = FILE_VERSION_2;
	}
	h->machine = EM_AARCH64;
	h->length = s->len;
	h->crc = crc32(s->data + sizeof(*h), s->len - sizeof(*h));
}

static bool vm_desc_valid(const struct bare_vm_desc *d)
{
	return d->nr_vcpus && d->nr_vcpus <= BARE_VM_MAX_VCPUS &&
	       (d->gic == 2 || d->gic == 3) && d->its <= (d->gic == 3) &&
	       d->nr_irqs >= 64 && d->nr_irqs <= 1024 && !(d->nr_irqs % 32) &&
	       d->ipa_bits == BARE_VM_IPA_BITS &&
	       !(d->ram_base % PAGE) && !(d->ram_size % PAGE) &&
	       d->ram_size && d->ram_size <= SZ_64M;
}

static bool vector_valid(const struct record *r)
{
	const struct vector_desc *v = (void *)r->data;

	return r->len >= sizeof(*v) && r->len <= MAX_VECTOR && v->size == r->len &&
	       v->entry_size >= 8 && !((v->size - sizeof(*v)) % v->entry_size);
}

static bool attr_valid(const struct record *r)
{
	switch (r->type - REC_ATTR) {
	case KVM_DEV_ARM_VGIC_GRP_DIST_REGS:
	case KVM_DEV_ARM_VGIC_GRP_REDIST_REGS:
		return r->len == 4 || r->len == 8;
	case KVM_DEV_ARM_VGIC_GRP_CPU_REGS:
	case KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO:
		return r->len == 4;
	case KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS:
	case KVM_DEV_ARM_VGIC_GRP_ITS_REGS:
		return r->len == 8;
	default:
		return false;
	}
}

/* @d is the VM's description, or NULL before its record. */
static bool rec_valid(const struct record *r, const struct bare_vm_desc *d)
{
	if (r->vcpu >= (d ? d->nr_vcpus : 1) || (r->type > REC_VM && !d))
		return false;
	if (r->type & REC_OPTIONAL)
		return true;
	if (r->id && (r->type <= REC_INIT || r->type == REC_EVENTS ||
		      r->type == REC_MP_STATE || r->type == REC_VECTOR))
		return false;

	switch (r->type) {
	case REC_RELEASE:
		return r->len && strnlen((char *)r->data, r->len) == r->len - 1;
	case REC_MIDR:
		return r->len == 8;
	case REC_VM:
		return !d && r->len == sizeof(*d) && vm_desc_valid((void *)r->data);
	case REC_INIT:
		return r->len == sizeof(struct kvm_vcpu_init);
	case REC_RAM:
		return r->len == PAGE && !(r->id % PAGE) && r->id >= d->ram_base &&
		       r->id - d->ram_base < d->ram_size;
	case REC_REG:
		return (r->id & KVM_REG_ARCH_MASK) == KVM_REG_ARM64 &&
		       r->len == KVM_REG_SIZE(r->id) && r->len <= 256;
	case REC_EVENTS:
		return r->len == sizeof(struct kvm_vcpu_events);
	case REC_MP_STATE:
		return r->len == sizeof(struct kvm_mp_state);
	case REC_SEEN:
		return r->len == sizeof(struct seen_desc) &&
		       ((struct seen_desc *)r->data)->index < MAX_SEEN;
	case REC_VECTOR:
		return !r->vcpu && vector_valid(r);
	default:
		return attr_valid(r);
	}
}

/* Types that this version does not know, and that are not optional */
static bool is_later(const struct record *r)
{
	return r->type > REC_VECTOR && !(r->type & REC_OPTIONAL) &&
	       (r->type < REC_ATTR || r->type > REC_ATTR + 0xff);
}

/* The order is RELEASE, MIDR, VM, one INIT for each vCPU, all others. */
static bool rec_in_order(const struct record *r, u32 pos, const struct bare_vm_desc *d)
{
	if (pos < REC_VM)
		return r->type == pos + 1;
	if (pos < REC_VM + d->nr_vcpus)
		return r->type == REC_INIT && r->vcpu == pos - REC_VM;
	return r->type > REC_INIT;
}

static const char *check_records(const struct state *s)
{
	size_t off = sizeof(struct file_header);
	const struct bare_vm_desc *d = NULL;
	static char msg[100];
	const struct record *r;
	bool vector = false;
	u32 pos = 0;

	for (; off + sizeof(*r) <= s->len; off += sizeof(*r) + round_up(r->len, 8)) {
		r = (void *)(s->data + off);
		if (r->len > s->len - off - sizeof(*r) || !rec_in_order(r, pos++, d))
			break;
		if (r->type == REC_END && !r->len && !r->vcpu && !r->id &&
		    off + sizeof(*r) == s->len)
			return NULL;
		if (is_later(r)) {
			snprintf(msg, sizeof(msg),
				 "record of unknown type %u, which a later version reads", r->type);
			return msg;
		}
		if (!rec_valid(r, d) || (r->type == REC_VECTOR && vector))
			break;
		vector |= r->type == REC_VECTOR;
		if (r->type == REC_VM)
			d = (void *)r->data;
	}

	snprintf(msg, sizeof(msg), "invalid record at offset %zu", off);
	return msg;
}

/* Returns NULL, or a message if the file is not valid. */
static const char *check_file(const struct state *s)
{
	const struct file_header *h = (void *)s->data;

	if (s->len < sizeof(*h))
		return "too short for a state file";
	if (memcmp(h->magic, FILE_MAGIC, sizeof(h->magic)))
		return "not a state file (wrong magic)";
	if (h->endian != FILE_ENDIAN)
		return "written by a machine of the other byte order";
	if (h->version != FILE_VERSION_1 && h->version != FILE_VERSION_2)
		return "unknown version of the format: a later version of this program reads it";
	if (h->machine != EM_AARCH64)
		return "state of another architecture";
	if (h->length != s->len)
		return h->length > s->len ? "truncated" : "longer than its header says";
	if (h->crc != crc32(s->data + sizeof(*h), s->len - sizeof(*h)))
		return "corrupt (checksum)";
	return check_records(s);
}

static struct bare_vm_desc *state_vm(const struct state *s)
{
	return (void *)find_rec(s, REC_VM, 0, 0)->data;
}

static const char *load_file(struct state *s, const char *path)
{
	int fd = open(path, O_RDONLY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return strerror(errno);
	s->len = st.st_size;
	s->data = malloc(s->len + 1);
	TEST_ASSERT(s->data, "Out of memory");
	if (read(fd, s->data, s->len) != s->len)
		return "cannot be read";
	close(fd);
	return check_file(s);
}

/* ------------------------------ vGIC registers ----------------------------- */

static void attr_name(char *class, char *name, size_t size, int gic,
		      const struct record *r)
{
	static const char * const classes[] = {
		[KVM_DEV_ARM_VGIC_GRP_DIST_REGS]	= "gicd",
		[KVM_DEV_ARM_VGIC_GRP_CPU_REGS]		= "gicc",
		[KVM_DEV_ARM_VGIC_GRP_REDIST_REGS]	= "gicr",
		[KVM_DEV_ARM_VGIC_GRP_CPU_SYSREGS]	= "icc",
		[KVM_DEV_ARM_VGIC_GRP_ITS_REGS]		= "its",
	};
	u32 irq, group = r->type - REC_ATTR;
	const struct vgic_reg *reg = vgic_find_reg(gic, group, r->id, &irq);

	if (!reg) {
		snprintf(class, size, "gic");
		snprintf(name, size, "%u:%#llx", group, (unsigned long long)r->id);
		return;
	}

	if (group == KVM_DEV_ARM_VGIC_GRP_LEVEL_INFO)
		group = reg->stage == VGIC_PRIVATE ? KVM_DEV_ARM_VGIC_GRP_REDIST_REGS :
						     KVM_DEV_ARM_VGIC_GRP_DIST_REGS;
	if (vgic_stage_per_vcpu(reg->stage))
		snprintf(class, size, "%s%d", classes[group], r->vcpu);
	else
		snprintf(class, size, "%s", classes[group]);
	vgic_reg_name(name, size, reg, irq);
}

/* ----------------------------------- VMs ---------------------------------- */

static int nr_vms_made;

/* kvm-compat, which includes this file, sets these. */
static struct {
	/* Called after KVM_CREATE_VM, before the first KVM_CREATE_VCPU */
	void (*vm_made)(struct bare_vm *m);
	/* Adds more records */
	void (*save)(struct state *s, struct bare_vm *m);
	/* Prints a record that is no item */
	void (*show)(const struct record *r);
	/* Returns true if this kernel refuses or alters the item in state that it saved itself. */
	bool (*own)(const char *result, const char *class, const char *name);
} hooks;

static void make_vm(struct bare_vm *m, const struct bare_vm_desc *d)
{
	int i;

	nr_vms_made++;
	bare_vm_create(m, d);
	if (hooks.vm_made)
		hooks.vm_made(m);
	for (i = 0; i < d->nr_vcpus; i++)
		m->vcpu[i] = __vm_vcpu_add(m->vm, i);
}

/* The functions from here to the next section return 0 or an errno. */
static int dev_ctrl(int fd, u64 attr)
{
	return __kvm_device_attr_set(fd, KVM_DEV_ARM_VGIC_GRP_CTRL, attr, NULL) ? errno : 0;
}

static int vcpu_do(struct kvm_vcpu *vcpu, unsigned long cmd, void *arg)
{
	return ioctl(vcpu->fd, cmd, arg) < 0 ? errno : 0;
}

static int reg_do(struct kvm_vcpu *vcpu, bool set, u64 id, void *val)
{
	struct kvm_one_reg reg = { .id = id, .addr = (u64)val };

	return vcpu_do(vcpu, set ? KVM_SET_ONE_REG : KVM_GET_ONE_REG, &reg);
}

/* Makes the vGIC write its LPI pending tables and the ITS's tables to guest memory. */
static int sync_tables(struct bare_vm *m)
{
	int err = dev_ctrl(m->gic_fd, KVM_DEV_ARM_VGIC_SAVE_PENDING_TABLES);

	return err ?: dev_ctrl(m->its_fd, KVM_DEV_ARM_ITS_SAVE_TABLES);
}

/* ---------------------------------- Guest --------------------------------- */

/* The guest writes and later reads those of these registers that it has. */
static const struct guest_reg {
	u32	reg;
	u32	id_reg;		/* if not 0: the guest has @reg if ... */
	u64	val;
	u8	shift;		/* ... the field of @id_reg at this bit is neither 0 nor 15 */
} guest_regs[] = {
	{ SYS_CPACR_EL1, 0, 0x330000 },
	{ SYS_TPIDR_EL0, 0, 0x0011223344556677 },
	{ SYS_TPIDRRO_EL0, 0, 0x8899aabbccddeeff },
	{ SYS_TPIDR_EL1, 0, 0x7766554433221100 },
	{ SYS_CONTEXTIDR_EL1, 0, 0x12345678 },
	{ SYS_TTBR0_EL1, 0, 0x0001000040080000 },
	{ SYS_TTBR1_EL1, 0, 0x0002000040090000 },
	{ SYS_TCR_EL1, 0, 0x00000032b5193519 },
	{ SYS_MAIR_EL1, 0, 0x000000040044ffff },
	{ SYS_FAR_EL1, 0, 0xffff000012345678 },
	{ SYS_ELR_EL1, 0, 0x0000000040001230 },
	{ SYS_CSSELR_EL1, 0, 0 },
	{ SYS_CNTKCTL_EL1, 0, 0x2 },
	{ SYS_DBGBVRn_EL1(0), 0, 0x40001000 },
	{ SYS_DBGWVRn_EL1(0), 0, 0x40002000 },
	/* Timers are enabled and masked. They expire far in the future. */
	{ SYS_CNTV_CVAL_EL0, 0, 0x0070000000000000 },
	{ SYS_CNTV_CTL_EL0, 0, 3 },
	{ SYS_CNTP_CVAL_EL0, 0, 0x0060000000000000 },
	{ SYS_CNTP_CTL_EL0, 0, 3 },
	/* Counters are enabled but count neither at EL0 nor at EL1, so they keep their values. */
	{ SYS_PMSELR_EL0, SYS_ID_AA64DFR0_EL1, 0, 8 },
	{ SYS_PMUSERENR_EL0, SYS_ID_AA64DFR0_EL1, 0xf, 8 },
	{ SYS_PMCCFILTR_EL0, SYS_ID_AA64DFR0_EL1, 0xc0000000, 8 },
	{ SYS_PMEVTYPERn_EL0(0), SYS_ID_AA64DFR0_EL1, 0xc0000008, 8 },
	{ SYS_PMEVCNTRn_EL0(0), SYS_ID_AA64DFR0_EL1, 0x12345, 8 },
	{ SYS_PMCCNTR_EL0, SYS_ID_AA64DFR0_EL1, 0x6789abcd, 8 },
	{ SYS_PMINTENCLR_EL1, SYS_ID_AA64DFR0_EL1, 0xffffffff, 8 },
	{ SYS_PMCNTENCLR_EL0, SYS_ID_AA64DFR0_EL1, 0xffffffff, 8 },
	{ SYS_PMOVSCLR_EL0, SYS_ID_AA64DFR0_EL1, 0xffffffff, 8 },
	{ SYS_PMINTENSET_EL1, SYS_ID_AA64DFR0_EL1, 0x80000001, 8 },
	{ SYS_PMCNTENSET_EL0, SYS_ID_AA64DFR0_EL1, 0x80000001, 8 },
	{ SYS_PMCR_EL0, SYS_ID_AA64DFR0_EL1, 0x41, 8 },
	{ SYS_APIAKEYLO_EL1, 0, 0x1111111111111111 },
	{ SYS_APIAKEYHI_EL1, 0, 0x2222222222222222 },
	{ SYS_APIBKEYLO_EL1, 0, 0x3333333333333333 },
	{ SYS_APDAKEYLO_EL1, 0, 0x4444444444444444 },
	{ SYS_APDBKEYHI_EL1, 0, 0x5555555555555555 },
	{ SYS_APGAKEYLO_EL1, 0, 0x6666666666666666 },
	{ SYS_ZCR_EL1, 0, 1 },
	{ SYS_TCR2_EL1, SYS_ID_AA64MMFR3_EL1, 0x2, 0 },
	{ SYS_SCTLR2_EL1, SYS_ID_AA64MMFR3_EL1, 0, 4 },
	{ SYS_PIR_EL1, SYS_ID_AA64MMFR3_EL1, 0x76543210, 8 },
	{ SYS_PIRE0_EL1, SYS_ID_AA64MMFR3_EL1, 0x01234567, 8 },
	{ SYS_POR_EL1, SYS_ID_AA64MMFR3_EL1, 0x76543210, 16 },
	{ SYS_POR_EL0, SYS_ID_AA64MMFR3_EL1, 0x01234567, 16 },
	{ SYS_FPMR, SYS_ID_AA64PFR2_EL1, 0x1, 32 },
};

/* The next instruction of the guest is emitted here. */
static u32 *insn;

static void add_msr(u32 reg, u64 val)
{
	insn = emit_mov(insn, 0, val);
	insn = emit(insn, insn_msr(reg, 0));
	insn = emit_asm(insn, GUEST_ASM("isb"));
}

static void add_mrs(u32 reg)
{
	insn = emit(insn, insn_mrs(reg, 0));
}

static void add_store(u64 addr)
{
	insn = emit_mov(insn, 1, addr);
	insn = emit_asm(insn, GUEST_ASM("str x0, [x1]"));
}

static void add_write(u64 addr, u32 val)
{
	insn = emit_mov(insn, 0, val);
	insn = emit_mov(insn, 1, addr);
	insn = emit_asm(insn, GUEST_ASM("str w0, [x1]"));
}

static void add_write64(u64 addr, u64 val)
{
	insn = emit_mov(insn, 0, val);
	add_store(addr);
}

/* The guest's handler reports ESR_EL1, and skips the instruction. */
static void add_vectors(struct bare_vm *m)
{
	int i;

	for (i = 0; i < VECTOR_NUM; i++) {
		insn = bare_vm_mem(m, RAM_VECTORS + i * 0x80);
		add_mrs(SYS_ESR_EL1);
		add_store(EXIT_UNDEF);
		insn = emit_asm(insn, GUEST_ASM("mrs	x2, elr_el1\n"
						"add	x2, x2, #4\n"
						"msr	elr_el1, x2\n"
						"eret"));
	}
}

static void add_gicv3(struct bare_vm *m)
{
	u64 sgi_frame = GICR_BASE_GPA + SZ_64K;

	add_write(GICD_BASE_GPA + GICD_CTLR, GICD_CTLR_ARE_NS | GICD_CTLR_ENABLE_SS_G1 |
		   GICD_CTLR_ENABLE_SS_G0);
	add_write(GICR_BASE_GPA + GICR_WAKER, 0);
	add_write(GICD_BASE_GPA + GICD_IGROUPR + 4, 0xfffffff0);
	add_write(GICD_BASE_GPA + GICD_ISENABLER + 4, 0x00000f0f);
	add_write(GICD_BASE_GPA + GICD_ICFGR + 8, 0x0000aa00);
	add_write(GICD_BASE_GPA + GICD_IPRIORITYR + 36, 0x908070a0);
	add_write(GICD_BASE_GPA + GICD_ISPENDR + 4, 0x00000060);
	add_write64(GICD_BASE_GPA + GICD_IROUTER + 33 * 8, m->d.nr_vcpus - 1);
	add_write(sgi_frame + GICD_IGROUPR, 0xfffffff7);
	add_write(sgi_frame + GICD_ISENABLER, 0x08100ffe);
	add_write(sgi_frame + GICD_ICENABLER, 0x00000001);
	add_write(sgi_frame + GICD_IPRIORITYR + 4, 0xb0c0a0d0);
	add_write(sgi_frame + GICD_ISPENDR, 0x00100080);
	add_msr(SYS_ICC_SRE_EL1, ICC_SRE_EL1_SRE | ICC_SRE_EL1_DFB | ICC_SRE_EL1_DIB);
	add_msr(SYS_ICC_PMR_EL1, 0xf0);
	add_msr(SYS_ICC_BPR0_EL1, 3);
	add_msr(SYS_ICC_BPR1_EL1, 4);
	add_msr(SYS_ICC_CTLR_EL1, ICC_CTLR_EL1_EOImode_MASK);
	/*
	 * Enable Group 1 before Group 0. With only Group 0 enabled, hosts from
	 * 6.19 on hang in the maintenance interrupt when QEMU emulates them.
	 */
	add_msr(SYS_ICC_IGRPEN1_EL1, 1);
	add_msr(SYS_ICC_IGRPEN0_EL1, 1);
	add_msr(SYS_ICC_SGI1R_EL1, 5ULL << 24 | 1);
	add_mrs(SYS_ICC_IAR1_EL1);		/* one interrupt becomes active */
}

static void add_gicv2(void)
{
	add_write(GICD_BASE_GPA + GICD_CTLR, GICD_CTLR_V2_ENABLE);
	add_write(GICD_BASE_GPA + GICD_IGROUPR + 4, 0x0000f000);
	add_write(GICD_BASE_GPA + GICD_ISENABLER + 4, 0x00000f0f);
	add_write(GICD_BASE_GPA + GICD_ICFGR + 8, 0x0000aa00);
	add_write(GICD_BASE_GPA + GICD_IPRIORITYR + 36, 0x908070a0);
	add_write(GICD_BASE_GPA + GICD_ITARGETSR + 36, 0x01010101);
	add_write(GICD_BASE_GPA + GICD_ISPENDR + 4, 0x00000060);
	add_write(GICD_BASE_GPA + GICD_ISENABLER, 0x08100000);
	add_write(GICD_BASE_GPA + GICD_IPRIORITYR + 4, 0xb0c0a0d0);
	add_write(GICD_BASE_GPA + GICD_SGIR, GICD_SGIR_SELF | 5);
	add_write(GICC_BASE_GPA + GICC_PMR, 0xf0);
	add_write(GICC_BASE_GPA + GICC_BPR, 3);
	add_write(GICC_BASE_GPA + GICC_CTLR, GICC_CTLR_ENABLE_GRP0);
	insn = emit_mov(insn, 1, GICC_BASE_GPA + GICC_IAR);
	insn = emit_asm(insn, GUEST_ASM("ldr w0, [x1]"));
}

/* The ITS gets one device with one event, whose LPI is enabled and pending. */
static void add_its(struct bare_vm *m)
{
	const u64 valid = BIT_ULL(63), dev = 0x10ULL << 32, event = 3, lpi = 8200;
	const u64 cmd[][4] = {
		{ GITS_CMD_MAPC, 0, valid | 0 },
		{ GITS_CMD_MAPD | dev, 4, valid | RAM_ITT },
		{ GITS_CMD_MAPTI | dev, event | lpi << 32, 0 },
		{ GITS_CMD_INV | dev, event },
		{ GITS_CMD_INT | dev, event },
		{ GITS_CMD_SYNC },
	};
	u64 baser = GITS_BASER_VALID | GITS_BASER_PAGE_SIZE_64K;
	int i;

	memcpy(bare_vm_mem(m, RAM_ITS_QUEUE), cmd, sizeof(cmd));
	*(u8 *)bare_vm_mem(m, RAM_LPI_CONFIG + lpi - MIN_LPI) = 0xe0 | LPI_PROP_ENABLED;

	for (i = 0; i < m->d.nr_vcpus; i++) {
		u64 gicr = GICR_BASE_GPA + i * KVM_VGIC_V3_REDIST_SIZE;

		add_write64(gicr + GICR_PROPBASER, RAM_LPI_CONFIG | (LPI_ID_BITS - 1));
		add_write64(gicr + GICR_PENDBASER, RAM_LPI_PENDING(i));
		add_write(gicr + GICR_CTLR, GICR_CTLR_ENABLE_LPIS);
	}
	add_write64(GITS_BASE_GPA + GITS_BASER, baser | RAM_DEVICES);
	add_write64(GITS_BASE_GPA + GITS_BASER + 8, baser | RAM_COLLECTIONS);
	add_write64(GITS_BASE_GPA + GITS_CBASER, GITS_CBASER_VALID | RAM_ITS_QUEUE |
		    (SZ_64K / SZ_4K - 1));
	add_write(GITS_BASE_GPA + GITS_CTLR, GITS_CTLR_ENABLE);
	add_write64(GITS_BASE_GPA + GITS_CWRITER, sizeof(cmd));
}

static bool guest_has_reg(struct kvm_vcpu *vcpu, const struct guest_reg *g)
{
	u64 id = KVM_ARM64_SYS_REG(g->reg), val;

	if (g->id_reg) {
		if (reg_do(vcpu, false, KVM_ARM64_SYS_REG(g->id_reg), &val))
			return false;
		val = val >> g->shift & 0xf;
		return val && val != 0xf;
	}
	/*
	 * KVM has other register ids for these, so KVM_GET_ONE_REG cannot tell.
	 * The guest has them on all hosts.
	 */
	if (g->reg == SYS_CNTV_CVAL_EL0 || g->reg == SYS_CNTV_CTL_EL0 ||
	    g->reg == SYS_CNTP_CVAL_EL0 || g->reg == SYS_CNTP_CTL_EL0 ||
	    g->reg == SYS_ELR_EL1)
		return true;
	return !reg_do(vcpu, false, id, &val);
}

/*
 * The guest sets its state, reads all of it and stops. When it runs on, after the
 * restore, it reads all of it again and stops. It reports each value by an exit.
 */
static void load_guest(struct bare_vm *m)
{
	bool has[ARRAY_SIZE(guest_regs)];
	int i, pass;

	add_vectors(m);
	insn = (u32 *)m->ram;
	add_msr(SYS_VBAR_EL1, RAM_VECTORS);
	for (i = 0; i < ARRAY_SIZE(guest_regs); i++) {
		has[i] = guest_has_reg(m->vcpu[0], &guest_regs[i]);
		if (has[i])
			add_msr(guest_regs[i].reg, guest_regs[i].val);
	}
	if (m->d.its)
		add_its(m);
	if (m->d.gic == 3)
		add_gicv3(m);
	else
		add_gicv2();
	add_store(EXIT_SET);
	for (pass = 0; pass < 2; pass++) {
		for (i = 0; i < ARRAY_SIZE(guest_regs); i++) {
			if (!has[i])
				continue;
			add_mrs(guest_regs[i].reg);
			add_store(EXIT_VALUE(i));
		}
		add_store(EXIT_STOP);
	}
	TEST_ASSERT((u8 *)insn - m->ram < RAM_VECTORS - RAM_BASE,
		    "The guest's code overlaps its vectors");
	reg_do(m->vcpu[0], true, ARM64_CORE_REG(regs.pc), &(u64){ RAM_BASE });
}

/* A value that the guest has read */
struct seen {
	bool	valid;
	bool	undef;	/* the read gave an exception; val is its ESR_EL1 */
	u64	val;
};

/*
 * Runs the guest until it stops, and stores in @seen each value that it reports.
 * Returns NULL, or a message if the guest does anything else.
 */
static const char *run_guest(struct bare_vm *m, struct seen *seen)
{
	u64 addr, val, esr = 0;
	bool undef = false;
	static char msg[100];
	const char *why;

	do {
		why = vcpu_run_to_store(m->vcpu[0], &addr, &val);
		if (why)
			return why;
		if (addr == EXIT_UNDEF) {
			undef = true;
			esr = val;
		} else if (addr >= EXIT_VALUE(0) && addr < EXIT_VALUE(MAX_SEEN)) {
			seen[(addr - EXIT_VALUE(0)) / 8] =
				(struct seen){ true, undef, undef ? esr : val };
			undef = false;
		} else if (undef) {
			snprintf(msg, sizeof(msg), "exception, ESR_EL1 %#llx",
				 (unsigned long long)esr);
			return msg;
		}
	} while (addr != EXIT_STOP);

	vcpu_finish_store(m->vcpu[0]);
	return NULL;
}

/* ---------------------------------- Save ---------------------------------- */

struct save_opts {
	int		gic;	/* 2 or 3; 0: the newest that the host offers */
	int		nr_vcpus;
	const char	*without;
};

/* Returns NULL, or why the host cannot have such a VM. */
static const char *choose_vm(struct bare_vm_desc *d, const struct save_opts *o)
{
	bool v2, v3;

	if (bare_vm_unsupported())
		return bare_vm_unsupported();

	v3 = o->gic != 2 && kvm_supports_vgic(KVM_DEV_TYPE_ARM_VGIC_V3);
	v2 = o->gic != 3 && !v3 && kvm_supports_vgic(KVM_DEV_TYPE_ARM_VGIC_V2);
	if (!v2 && !v3)
		return o->gic ? "the host does not offer this vGIC" : "the host offers no vGIC";

	*d = bare_vm_default(v3 ? 3 : 2);
	d->nr_vcpus = o->nr_vcpus;
	d->its = v3 && !(o->without && strstr(o->without, "its")) &&
		 kvm_supports_vgic(KVM_DEV_TYPE_ARM_VGIC_ITS);
	return NULL;
}

/* Sets registers that the guest does not set, so that the file has more than reset values. */
static void set_vcpu_state(struct bare_vm *m, int cpu)
{
	struct kvm_vcpu *vcpu = m->vcpu[cpu];
	u8 val[256];
	int i, n;

	for (i = 0; i < 32; i++) {
		for (n = 0; n < sizeof(val); n++)
			val[n] = i * 8 + n + cpu;
		/* KVM refuses V<n> if the vCPU has SVE, and Z<n> if it does not. */
		reg_do(vcpu, true, KVM_REG_ARM64_SVE_ZREG(i, 0), val);
		reg_do(vcpu, true, KVM_REG_ARM64 | KVM_REG_ARM_CORE | KVM_REG_SIZE_U128 |
				   KVM_REG_ARM_CORE_REG(fp_regs.vregs[i]), val);
		reg_do(vcpu, true, KVM_REG_ARM64_SVE_PREG(i / 2, 0), val);
		if (i > 2 && i < 31)
			reg_do(vcpu, true, ARM64_CORE_REG(regs.regs[i]), val);
	}
	reg_do(vcpu, true, ARM64_CORE_REG(sp_el1), &(u64){ RAM_LPI_CONFIG });

	/* A high value makes it visible if a kernel resets the counters. */
	reg_do(vcpu, true, KVM_REG_ARM_TIMER_CNT, &(u64){ 1ULL << 44 });
	reg_do(vcpu, true, KVM_REG_ARM_PTIMER_CNT, &(u64){ 1ULL << 45 });
}

static void save_vcpu(struct state *s, struct bare_vm *m, int cpu)
{
	struct kvm_vcpu *vcpu = m->vcpu[cpu];
	struct kvm_reg_list *list = vcpu_get_reg_list(vcpu);
	struct kvm_vcpu_events events = {};
	struct kvm_mp_state mp_state;
	u8 val[256];
	u64 i;

	for (i = 0; i < list->n; i++) {
		int err;

		TEST_ASSERT(KVM_REG_SIZE(list->reg[i]) <= sizeof(val), "Register too large");
		err = reg_do(vcpu, false, list->reg[i], val);
		TEST_ASSERT(!err, "Listed register %#lx cannot be read: %s",
			    (unsigned long)list->reg[i], strerror(err));
		add_rec(s, REC_REG, cpu, list->reg[i], val, KVM_REG_SIZE(list->reg[i]));
	}
	free(list);

	vcpu_events_get(vcpu, &events);
	add_rec(s, REC_EVENTS, cpu, 0, &events, sizeof(events));
	vcpu_mp_state_get(vcpu, &mp_state);
	add_rec(s, REC_MP_STATE, cpu, 0, &mp_state, sizeof(mp_state));
}

/* The argument of save_attr() */
struct saving {
	struct state	*s;
	struct bare_vm	*m;
};

static void save_attr(const struct vgic_attr *a, void *arg)
{
	struct saving *to = arg;
	u64 val = 0;

	/* KVM does not have each register in the table, so skip those that it refuses. */
	if (!vgic_attr_do(to->m, false, a->reg->group, a->attr, &val, a->len))
		add_rec(to->s, REC_ATTR + a->reg->group, a->vcpu, a->attr, &val, a->len);
}

static void save_ram(struct state *s, struct bare_vm *m)
{
	static const u8 zero[PAGE];
	u64 off;

	for (off = 0; off < m->d.ram_size; off += PAGE) {
		if (memcmp(m->ram + off, zero, PAGE))
			add_rec(s, REC_RAM, 0, m->d.ram_base + off, m->ram + off, PAGE);
	}
}

/* Makes an SError pending, which the guest masks, and raises an interrupt line. */
static void set_pending(struct bare_vm *m)
{
	struct kvm_vcpu_events events = { .exception.serror_pending = 1 };

	kvm_arm_irq_line(m->vm, 40, 1);
	vcpu_events_set(m->vcpu[0], &events);
}

/* Adds all records but REC_SEEN and REC_END. */
static void save_machine(struct state *s, struct bare_vm *m)
{
	u64 midr = read_sysreg(midr_el1);
	struct utsname u;
	int i;

	*s = (struct state){ calloc(1, sizeof(struct file_header)), sizeof(struct file_header) };
	uname(&u);
	add_rec(s, REC_RELEASE, 0, 0, u.release, strlen(u.release) + 1);
	add_rec(s, REC_MIDR, 0, 0, &midr, sizeof(midr));
	add_rec(s, REC_VM, 0, 0, &m->d, sizeof(m->d));
	for (i = 0; i < m->d.nr_vcpus; i++)
		add_rec(s, REC_INIT, i, 0, &m->vcpu[i]->init, sizeof(m->vcpu[i]->init));
	if (hooks.save)
		hooks.save(s, m);
	save_ram(s, m);
	for (i = 0; i < m->d.nr_vcpus; i++)
		save_vcpu(s, m, i);
	vgic_walk_attrs(m, save_attr, &(struct saving){ s, m });
}

/* Returns NULL, or why the host cannot have such a VM. */
static const char *save_state(struct state *s, const struct save_opts *o)
{
	struct seen seen[MAX_SEEN] = {};
	struct bare_vm m;
	struct bare_vm_desc d;
	const char *why;
	int i;

	why = choose_vm(&d, o);
	if (why)
		return why;

	make_vm(&m, &d);
	for (i = 0; i < d.nr_vcpus; i++)
		bare_vm_init_vcpu(&m, i, vm_vcpu_features(m.vm, o->without) |
					 (i ? BIT(KVM_ARM_VCPU_POWER_OFF) : 0));
	bare_vm_init_devices(&m);
	for (i = 0; i < d.nr_vcpus; i++)
		set_vcpu_state(&m, i);

	load_guest(&m);
	why = run_guest(&m, seen);
	TEST_ASSERT(!why, "The guest did not stop as expected: %s", why);
	set_pending(&m);
	if (d.its)
		TEST_ASSERT(!sync_tables(&m), "The vGIC does not write its tables to guest memory");

	save_machine(s, &m);
	for (i = 0; i < ARRAY_SIZE(guest_regs); i++) {
		u64 id = KVM_ARM64_SYS_REG(guest_regs[i].reg);
		struct seen_desc sd = { i, seen[i].undef, seen[i].val };

		if (seen[i].valid)
			add_rec(s, REC_SEEN, 0, id, &sd, sizeof(sd));
	}
	add_rec(s, REC_END, 0, 0, NULL, 0);
	seal_file(s);
	bare_vm_free(&m);
	return NULL;
}

/* --------------------------------- Restore -------------------------------- */

enum result { TAKEN, REFUSED, ALTERED, UNSET, UNLISTED, OWN, NR_RESULTS };

static const char * const result_names[] = {
	"taken",
	"refused",
	"altered",
	"unset",	/* this host lists the register, the file does not have it */
	"unlisted",	/* this host takes the register, but does not list it */
	"own",		/* as refused or altered; this kernel does so to its own state, too */
};

static struct {
	bool		machine;	/* print fields separated by tabs */
	bool		verbose;	/* print items that were taken, too */
	const char	*again;		/* save the restored VM to this file */
	const char	*prefix;
	/* If set, this is called for each item, and nothing is printed. */
	void		(*to)(enum result res, const char *class, const char *name,
			      const char *detail);
	unsigned int	n[NR_RESULTS];
	bool		ran;
} report = { .prefix = "" };

static void __printf(4, 5) report_result(enum result res, const char *class,
					 const char *name, const char *fmt, ...)
{
	char detail[1300];
	va_list ap;

	if ((res == REFUSED || res == ALTERED) && hooks.own &&
	    hooks.own(result_names[res], class, name))
		res = OWN;
	report.n[res]++;
	va_start(ap, fmt);
	vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	if (report.to) {
		report.to(res, class, name, detail);
		return;
	}
	if (res == TAKEN && !report.machine && !report.verbose)
		return;
	if (report.machine)
		printf("%s\t%s\t%s\t%s\n", result_names[res], class, name, detail);
	else
		printf("%s%-8s %-14s %-26s %s\n", report.prefix, result_names[res], class, name,
		       detail);
}

static const char *err_name(int err)
{
	return strerrorname_np(err) ?: "?";
}

static void report_err(int err, const char *class, const char *name)
{
	report_result(err ? REFUSED : TAKEN, class, name, "%s", err ? err_name(err) : "-");
}

static const char *val_str(char *buf, const void *data, u32 len)
{
	const u8 *p = data;
	char *c = buf;

	c += sprintf(c, "0x");
	while (len > 1 && !p[len - 1])
		len--;
	while (len--)
		c += sprintf(c, "%02x", p[len]);
	return buf;
}

struct restore {
	const struct state	*s;
	struct bare_vm		m;
	int			*errs;		/* one for each record, in the file's order */
	int			tables_err;
	u64			t0;		/* the host's counter when the restore began */
};

/*
 * The counters run. After the write, such a register must read as the value written
 * or more, but by no more than the host's counter has advanced.
 */
static const u64 running_regs[] = {
	KVM_REG_ARM_TIMER_CNT,
	KVM_REG_ARM_PTIMER_CNT,
};

static bool runs_on(const struct restore *rs, const struct record *r, const void *data)
{
	/*
	 * All vCPUs share the counter. Each vCPU's write sets it, to a value that
	 * was saved a little later than the one before: allow for ten seconds.
	 */
	u64 slack = 10 * read_sysreg(cntfrq_el0);
	u64 passed = read_sysreg(cntvct_el0) - rs->t0 + slack;
	int i;

	for (i = 0; r->type == REC_REG && i < ARRAY_SIZE(running_regs); i++) {
		if (running_regs[i] == r->id)
			return *(u64 *)data - *(u64 *)r->data <= passed;
	}
	return false;
}

static void rec_names(const struct restore *rs, const struct record *r,
		      char *class, char *name, size_t size)
{
	switch (r->type) {
	case REC_RAM:
		snprintf(class, size, "ram");
		snprintf(name, size, "%#llx", (unsigned long long)r->id);
		return;
	case REC_REG:
		snprintf(class, size, "vcpu%d/reg", r->vcpu);
		reg_name(name, size, r->id);
		return;
	case REC_EVENTS:
		snprintf(class, size, "vcpu%d/events", r->vcpu);
		snprintf(name, size, "KVM_SET_VCPU_EVENTS");
		return;
	case REC_MP_STATE:
		snprintf(class, size, "vcpu%d/mp_state", r->vcpu);
		snprintf(name, size, "KVM_SET_MP_STATE");
		return;
	case REC_SEEN:
		snprintf(class, size, "vcpu%d/run", r->vcpu);
		sysreg_name(name, size, kvm_sysreg(r->id));
		return;
	default:
		attr_name(class, name, size, rs->m.d.gic, r);
	}
}

/* Drops features that the host does not have. */
static void drop_features(struct restore *rs, struct kvm_vcpu_init *init)
{
	int i;

	for (i = 0; i < nr_vcpu_features; i++) {
		if (!vm_has_vcpu_feature(rs->m.vm, &vcpu_features[i]))
			init->features[0] &= ~BIT(vcpu_features[i].bit);
	}
}

static void restore_features(struct restore *rs, int cpu, const struct kvm_vcpu_init *saved)
{
	struct kvm_vcpu *vcpu = rs->m.vcpu[cpu];
	struct kvm_vcpu_init init = *saved, preferred = {};
	int i, err, first_err;
	char class[32];

	snprintf(class, sizeof(class), "vcpu%d/feature", cpu);
	first_err = vcpu_do(vcpu, KVM_ARM_VCPU_INIT, &init);
	err = first_err;
	if (err) {
		/* VMMs do not save the target: they use the preferred one of each host. */
		vm_ioctl(rs->m.vm, KVM_ARM_PREFERRED_TARGET, &preferred);
		init.target = preferred.target;
		err = vcpu_do(vcpu, KVM_ARM_VCPU_INIT, &init);
	}
	if (err) {
		drop_features(rs, &init);
		err = vcpu_do(vcpu, KVM_ARM_VCPU_INIT, &init);
	}
	TEST_ASSERT(!err, "vCPU %d cannot be initialised: %s", cpu, strerror(err));

	vcpu->init = init;
	report_err(init.target != saved->target ? first_err : 0, class, "target");
	for (i = 0; i < nr_vcpu_features; i++) {
		u32 bit = BIT(vcpu_features[i].bit);

		if (saved->features[0] & bit)
			report_err(init.features[0] & bit ? 0 : first_err, class,
				   vcpu_features[i].name);
	}
}

/* KVM accepts the vector lengths only between KVM_ARM_VCPU_INIT and _FINALIZE. */
static bool is_sve_vls(const struct restore *rs, const struct record *r)
{
	return r->type == REC_REG && r->id == KVM_REG_ARM64_SVE_VLS &&
	       rs->m.vcpu[r->vcpu]->init.features[0] & BIT(KVM_ARM_VCPU_SVE);
}

static void restore_sve(struct restore *rs, int cpu)
{
	struct kvm_vcpu *vcpu = rs->m.vcpu[cpu];
	int feature = KVM_ARM_VCPU_SVE, i = 0;
	struct record *r;

	if (!(vcpu->init.features[0] & BIT(feature)))
		return;
	for (r = first_rec(rs->s); r; r = next_rec(r)) {
		if (r->vcpu == cpu && is_sve_vls(rs, r))
			rs->errs[i] = reg_do(vcpu, true, r->id, r->data);
		i++;
	}
	vcpu_ioctl(vcpu, KVM_ARM_VCPU_FINALIZE, &feature);
}

static void restore_devices(struct restore *rs)
{
	struct bare_vm *m = &rs->m;
	char class[32];
	int err, i;

	err = __bare_vm_create_gic(m);
	report_err(err, "gic", m->d.gic == 3 ? "KVM_DEV_TYPE_ARM_VGIC_V3" :
					       "KVM_DEV_TYPE_ARM_VGIC_V2");
	if (m->d.its)
		report_err(err ?: __bare_vm_create_its(m), "gic", "KVM_DEV_TYPE_ARM_VGIC_ITS");

	for (i = 0; i < m->d.nr_vcpus; i++) {
		if (!(m->vcpu[i]->init.features[0] & BIT(KVM_ARM_VCPU_PMU_V3)))
			continue;
		snprintf(class, sizeof(class), "vcpu%d/feature", i);
		report_err(__vcpu_init_pmu(m->vcpu[i], m->d.pmu_ppi), class,
			   "KVM_ARM_VCPU_PMU_V3_INIT");
	}
}

static int rec_do(struct restore *rs, bool set, const struct record *r, void *data)
{
	struct kvm_vcpu *vcpu = rs->m.vcpu[r->vcpu];
	u8 *ram;

	switch (r->type) {
	case REC_RAM:
		ram = rs->m.ram + r->id - rs->m.d.ram_base;
		memcpy(set ? ram : data, set ? data : ram, r->len);
		return 0;
	case REC_REG:
		return reg_do(vcpu, set, r->id, data);
	case REC_EVENTS:
		return vcpu_do(vcpu, set ? KVM_SET_VCPU_EVENTS : KVM_GET_VCPU_EVENTS, data);
	case REC_MP_STATE:
		return vcpu_do(vcpu, set ? KVM_SET_MP_STATE : KVM_GET_MP_STATE, data);
	default:
		return vgic_attr_do(&rs->m, set, r->type - REC_ATTR, r->id, data, r->len);
	}
}

static void write_records(struct restore *rs)
{
	const struct vgic_reg *reg;
	struct record *r;
	u32 irq;
	int i = -1;

	for (r = first_rec(rs->s); r; r = next_rec(r)) {
		i++;
		if (!is_item(r) || r->type == REC_SEEN || is_sve_vls(rs, r))
			continue;
		reg = r->type > REC_ATTR ?
		      vgic_find_reg(rs->m.d.gic, r->type - REC_ATTR, r->id, &irq) : NULL;
		if (!reg) {
			rs->errs[i] = rec_do(rs, true, r, r->data);
			continue;
		}
		/* arm-vgic-its.rst: the tables come after GITS_BASER<n> and before GITS_CTLR. */
		if (reg->stage == VGIC_ITS && reg->off == GITS_CTLR && rs->m.its_fd >= 0)
			rs->tables_err = dev_ctrl(rs->m.its_fd, KVM_DEV_ARM_ITS_RESTORE_TABLES);
		rs->errs[i] = vgic_attr_restore(&rs->m, reg, r->id, r->data, r->len);
	}
}

static void compare_rec(struct restore *rs, const struct record *r, int err)
{
	char class[64], name[64], saved[600], here[600];
	u8 data[PAGE] = {};

	rec_names(rs, r, class, name, sizeof(name));
	if (err) {
		report_err(err, class, name);
		return;
	}

	err = rec_do(rs, false, r, data);
	if (err) {
		report_result(ALTERED, class, name, "cannot be read back: %s", err_name(err));
	} else if (runs_on(rs, r, data)) {
		report_result(TAKEN, class, name, "runs on from the saved value");
	} else if (!memcmp(data, r->data, r->len)) {
		report_result(TAKEN, class, name, "-");
	} else if (r->type == REC_RAM) {
		report_result(ALTERED, class, name, "table saved again differs");
	} else {
		report_result(ALTERED, class, name, "%s -> %s", val_str(saved, r->data, r->len),
			      val_str(here, data, r->len));
	}
}

static void compare_lists(struct restore *rs, int cpu)
{
	struct kvm_reg_list *list = vcpu_get_reg_list(rs->m.vcpu[cpu]);
	char class[32], name[64], buf[600];
	struct record *r;
	u8 val[256];
	int n = 0;
	u64 i;

	snprintf(class, sizeof(class), "vcpu%d/reg", cpu);
	for (i = 0; i < list->n; i++) {
		u64 id = list->reg[i];

		if (find_rec(rs->s, REC_REG, cpu, id))
			continue;
		reg_name(name, sizeof(name), id);
		if (reg_do(rs->m.vcpu[cpu], false, id, val))
			report_result(UNSET, class, name, "unreadable");
		else
			report_result(UNSET, class, name, "%s",
				      val_str(buf, val, KVM_REG_SIZE(id)));
	}

	for (r = first_rec(rs->s); r; r = next_rec(r)) {
		if (rs->errs[n++] || r->type != REC_REG || r->vcpu != cpu)
			continue;
		for (i = 0; i < list->n && list->reg[i] != r->id; i++)
			;
		if (i < list->n)
			continue;
		reg_name(name, sizeof(name), r->id);
		report_result(UNLISTED, class, name, "-");
	}
	free(list);
}

static void run_restored(struct restore *rs)
{
	struct seen seen[MAX_SEEN] = {};
	const char *why = run_guest(&rs->m, seen);
	char class[64], name[64];
	struct record *r;

	report.ran = !why;
	if (why) {
		report_result(REFUSED, "vcpu0/run", "KVM_RUN", "%s", why);
		return;
	}

	report_result(TAKEN, "vcpu0/run", "KVM_RUN", "-");
	for (r = first_rec(rs->s); r; r = next_rec(r)) {
		struct seen_desc *saved = (void *)r->data;
		struct seen *here;

		if (r->type != REC_SEEN)
			continue;
		here = &seen[saved->index];
		rec_names(rs, r, class, name, sizeof(name));
		if (here->valid && here->undef == !!saved->undef && here->val == saved->val)
			report_result(TAKEN, class, name, "-");
		else
			report_result(ALTERED, class, name, "guest saw %s%#llx, sees %s%#llx",
				      saved->undef ? "ESR " : "", (unsigned long long)saved->val,
				      here->undef ? "ESR " : "", (unsigned long long)here->val);
	}
}

static void compare_records(struct restore *rs)
{
	struct record *r;
	int i = 0;

	if (rs->m.its_fd >= 0) {
		report_err(rs->tables_err, "its", "KVM_DEV_ARM_ITS_RESTORE_TABLES");
		report_err(sync_tables(&rs->m), "its", "KVM_DEV_ARM_ITS_SAVE_TABLES");
	}
	for (r = first_rec(rs->s); r; r = next_rec(r)) {
		if (is_item(r) && r->type != REC_SEEN)
			compare_rec(rs, r, rs->errs[i]);
		i++;
	}
	for (i = 0; i < rs->m.d.nr_vcpus; i++)
		compare_lists(rs, i);
}

static int write_file(const struct state *s, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || write(fd, s->data, s->len) != s->len || close(fd)) {
		fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, path,
			strerror(errno));
		return EXIT_CANNOT;
	}
	return EXIT_SAME;
}

/* Saves the restored VM for the next move. Must be called before the guest runs. */
static int save_again(struct restore *rs, const char *path)
{
	struct state s;
	struct record *r;

	save_machine(&s, &rs->m);
	for (r = first_rec(rs->s); r; r = next_rec(r)) {
		if (r->type == REC_SEEN)
			add_rec(&s, REC_SEEN, r->vcpu, r->id, r->data, r->len);
	}
	add_rec(&s, REC_END, 0, 0, NULL, 0);
	seal_file(&s);
	return write_file(&s, path);
}

/* Returns the exit status. The caller has checked the file. */
static int restore_state(const struct state *s)
{
	struct restore rs = { .s = s, .t0 = read_sysreg(cntvct_el0) };
	struct record *r;
	int i, nr = 0;

	for (r = first_rec(s); r; r = next_rec(r))
		nr++;
	rs.errs = calloc(nr, sizeof(*rs.errs));
	make_vm(&rs.m, state_vm(s));
	for (i = 0; i < rs.m.d.nr_vcpus; i++) {
		restore_features(&rs, i, (void *)find_rec(s, REC_INIT, i, 0)->data);
		restore_sve(&rs, i);
	}
	restore_devices(&rs);
	write_records(&rs);
	compare_records(&rs);
	if (report.again && save_again(&rs, report.again))
		return EXIT_CANNOT;
	run_restored(&rs);
	bare_vm_free(&rs.m);
	free(rs.errs);
	return report.n[REFUSED] || report.n[ALTERED] ? EXIT_DIFFERS : EXIT_SAME;
}

/* ------------------------------ The commands ------------------------------ */

static int restore_file(const char *path)
{
	const char *sep = report.machine ? "\t" : " ";
	const struct record *rel;
	struct state s = {};
	struct utsname u;
	const char *why;
	int ret;

	why = load_file(&s, path);
	if (why) {
		if (report.machine)
			printf("invalid\tfile\t%s\t%s\n", path, why);
		fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, path,
			why);
		return EXIT_BAD_FILE;
	}

	uname(&u);
	rel = find_rec(&s, REC_RELEASE, 0, 0);
	printf("kernels%s%s%s%s%s%s\n", sep, path, sep, rel->data, sep, u.release);
	ret = restore_state(&s);
	printf("total%s%s%s-%s%u taken, %u refused, %u altered; %u unset, %u unlisted\n",
	       sep, path, sep, sep, report.n[TAKEN], report.n[REFUSED], report.n[ALTERED],
	       report.n[UNSET], report.n[UNLISTED]);
	return ret;
}

static int save_file(const char *path, const struct save_opts *o)
{
	struct state s = {};
	const char *why = save_state(&s, o);

	if (why) {
		fprintf(stderr, "%s: no file written: %s\n", program_invocation_short_name, why);
		return EXIT_CANNOT;
	}
	return write_file(&s, path);
}

static void show_vm(const struct bare_vm_desc *d)
{
	printf("vm\tnr_vcpus\t%u\nvm\tgic\t%u\nvm\tits\t%u\nvm\tnr_irqs\t%u\n",
	       d->nr_vcpus, d->gic, d->its, d->nr_irqs);
	printf("vm\tpmu_ppi\t%u\nvm\tipa_bits\t%u\n", d->pmu_ppi, d->ipa_bits);
	printf("vm\tram\t%#lx+%#lx\nvm\tbases\t%#lx %#lx %#lx\n", d->ram_base, d->ram_size,
	       d->dist_base, d->cpu_base, d->its_base);
}

static void show_init(const struct record *r)
{
	const struct kvm_vcpu_init *init = (void *)r->data;
	int i;

	printf("vcpu%d/feature\ttarget\t%u\n", r->vcpu, init->target);
	for (i = 0; i < nr_vcpu_features; i++) {
		if (init->features[0] & BIT(vcpu_features[i].bit))
			printf("vcpu%d/feature\t%s\t1\n", r->vcpu, vcpu_features[i].name);
	}
}

static int show_file(const char *path)
{
	char class[64], name[64], buf[600];
	struct restore rs = {};
	struct state s = {};
	struct record *r;
	const char *why;

	why = load_file(&s, path);
	if (why) {
		fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, path,
			why);
		return EXIT_BAD_FILE;
	}

	rs.m.d = *state_vm(&s);
	for (r = first_rec(&s); r; r = next_rec(r)) {
		if (r->type == REC_RELEASE)
			printf("source\trelease\t%s\n", r->data);
		else if (r->type == REC_MIDR)
			printf("source\tMIDR_EL1\t%s\n", val_str(buf, r->data, r->len));
		else if (r->type == REC_VM)
			show_vm((void *)r->data);
		else if (r->type == REC_INIT)
			show_init(r);
		else if (!is_item(r) && hooks.show)
			hooks.show(r);
		else if (!is_item(r))
			printf("%s\t%#x\t%u bytes\n", r->type == REC_VECTOR ? "vector" : "optional",
			       r->type, r->len);
		if (!is_item(r))
			continue;
		rec_names(&rs, r, class, name, sizeof(name));
		if (r->type == REC_RAM)
			printf("%s\t%s\tcrc32 %#x\n", class, name, crc32(r->data, r->len));
		else if (r->type == REC_SEEN)
			printf("%s\t%s\t%s%#lx\n", class, name,
			       ((struct seen_desc *)r->data)->undef ? "ESR " : "",
			       (unsigned long)((struct seen_desc *)r->data)->val);
		else
			printf("%s\t%s\t%s\n", class, name, val_str(buf, r->data, r->len));
	}
	return EXIT_SAME;
}

/* The library exits when an assertion fails. In a child, this ends only one file. */
static int in_child(const char *path, const struct save_opts *o)
{
	int status;
	pid_t pid;

	fflush(NULL);
	pid = fork();
	if (!pid) {
		alarm(120);	/* ends a guest that hangs */
		exit(o ? save_file(path, o) : restore_file(path));
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return EXIT_CANNOT;
	if (!WIFEXITED(status))
		fprintf(stderr, "%s: %s: signal %d\n", program_invocation_short_name, path,
			WTERMSIG(status));
	return WIFEXITED(status) && WEXITSTATUS(status) < EXIT_CANNOT ?
	       WEXITSTATUS(status) : EXIT_CANNOT;
}

/* kvm-compat in tools/kvm/guest-compat includes this file for the code above. */
#ifndef GUEST_STATE_LIBRARY

/* ---------------------------------- Tests --------------------------------- */

static void test_round_trip(int gic)
{
	static const char * const tests[] = {
		"KVM refuses no item of its own state", "all items read back as saved",
		"the register list equals the saved one", "the restored guest runs",
	};
	struct save_opts o = { .gic = gic, .nr_vcpus = 2 };
	struct state s = {};
	const char *why = save_state(&s, &o) ?: check_file(&s);
	int i;

	memset(report.n, 0, sizeof(report.n));
	if (!why)
		restore_state(&s);
	for (i = 0; i < ARRAY_SIZE(tests); i++) {
		bool ok[] = { !report.n[REFUSED], !report.n[ALTERED],
			      !report.n[UNSET] && !report.n[UNLISTED], report.ran };

		if (why)
			ksft_test_result_skip("GICv%d, %s: %s\n", gic, tests[i], why);
		else
			ksft_test_result(ok[i], "GICv%d, %s\n", gic, tests[i]);
	}
	free(s.data);
}

static struct state copy_state(const struct state *s)
{
	struct state c = { malloc(s->len), s->len };

	memcpy(c.data, s->data, s->len);
	return c;
}

/* Cuts the file at the start of each record, within its header and within its data. */
static bool truncated_refused(const struct state *s)
{
	struct state c = copy_state(s);
	struct record *r;
	size_t ends[3];
	bool ok = true;
	int i;

	for (r = first_rec(s); r; r = next_rec(r)) {
		ends[0] = (u8 *)r - s->data;
		ends[1] = ends[0] + sizeof(*r) / 2;
		ends[2] = ends[0] + sizeof(*r) + r->len / 2;
		for (i = 0; i < ARRAY_SIZE(ends); i++) {
			c.len = ends[i];
			ok &= !!check_file(&c);
			/* Length and checksum fit now, but there is no REC_END. */
			seal_file(&c);
			ok &= !!check_file(&c);
			memcpy(c.data, s->data, sizeof(struct file_header));
		}
	}
	for (c.len = 0; c.len <= sizeof(struct file_header); c.len++)
		ok &= !!check_file(&c);
	free(c.data);
	return ok;
}

static bool flips_refused(const struct state *s)
{
	struct state c = copy_state(s);
	size_t i, step = s->len / 200 + 1;
	bool ok = true;

	for (i = 0; i < c.len; i += i < 32 ? 1 : step) {
		c.data[i] ^= 1 << i % 8;
		ok &= !!check_file(&c);
		c.data[i] ^= 1 << i % 8;
	}
	ok &= !check_file(&c);
	free(c.data);
	return ok;
}

static bool header_refused(const struct state *s, size_t off, size_t size)
{
	struct state c = copy_state(s);
	bool ok = true;
	int i;

	for (i = 0; i < size; i++) {
		c.data[off + i] ^= 0xff;
		ok &= !!check_file(&c);
		c.data[off + i] ^= 0xff;
	}
	free(c.data);
	return ok;
}

/* Breaks one record of each type. The checksum is that of the broken file. */
static bool malformed_refused(const struct state *s)
{
	struct state c = copy_state(s);
	struct record *r, saved;
	bool ok = true;
	u16 prev = 0;
	int i;

	for (r = first_rec(&c); r; r = next_rec(r)) {
		if (r->type == prev)
			continue;
		prev = r->type;
		for (i = 0; i < 5; i++) {
			saved = *r;
			if (i == 0)
				r->len++;
			else if (i == 1)
				r->len = ~0u - 7;
			else if (i == 2)
				r->type = REC_ATTR - 1;
			else if (i == 3)
				r->vcpu = BARE_VM_MAX_VCPUS;
			else
				r->type = REC_END;
			seal_file(&c);
			ok &= !!check_file(&c);
			*r = saved;
		}
	}
	seal_file(&c);
	ok &= !check_file(&c);
	free(c.data);
	return ok;
}

/* The command itself refuses the file, and creates no VM. */
static bool restore_refuses(const struct state *s)
{
	int fd = memfd_create("spoilt", 0), made = nr_vms_made;
	struct state c = copy_state(s);
	char path[32];
	bool ok;

	c.data[c.len - 1] ^= 1;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	TEST_ASSERT(write(fd, c.data, c.len) == c.len, "Cannot write %s", path);
	ok = restore_file(path) == EXIT_BAD_FILE && nr_vms_made == made;
	close(fd);
	free(c.data);
	return ok;
}

/* Returns a copy with an added record of @type, after the last REC_INIT. */
static struct state with_record(const struct state *s, u16 type)
{
	struct record *r = first_rec(s);
	struct state c;

	while (r->type <= REC_INIT)
		r = next_rec(r);
	c = (struct state){ malloc(s->len), (u8 *)r - s->data };
	memcpy(c.data, s->data, c.len);
	add_rec(&c, type, 0, 0, "0123456789", 10);
	c.data = realloc(c.data, c.len + s->len - ((u8 *)r - s->data));
	TEST_ASSERT(c.data, "Out of memory");
	memcpy(c.data + c.len, r, s->len - ((u8 *)r - s->data));
	c.len += s->len - ((u8 *)r - s->data);
	seal_file(&c);
	return c;
}

static bool later_records(const struct state *s)
{
	struct state c = with_record(s, REC_VECTOR + 1);
	const char *why = check_file(&c);
	bool ok = why && strstr(why, "record of unknown type 12,");

	free(c.data);
	return ok;
}

static bool skips_optional(const struct state *s)
{
	struct state c = with_record(s, REC_OPTIONAL | 0x7abc);
	unsigned int taken;
	bool ok = !check_file(&c);

	memset(report.n, 0, sizeof(report.n));
	restore_state(s);
	taken = report.n[TAKEN];
	memset(report.n, 0, sizeof(report.n));
	if (ok)
		restore_state(&c);
	ok &= report.n[TAKEN] == taken;
	free(c.data);
	return ok;
}

static bool malformed_vectors(const struct state *s)
{
	struct state c = with_record(s, REC_VECTOR);	/* ten bytes are no vector */
	bool ok = !!check_file(&c);

	free(c.data);
	return ok;
}

#define NR_REFUSALS	11

static void test_refusals(void)
{
	struct save_opts o = { .nr_vcpus = 1 };
	struct state s = {};
	const char *why = save_state(&s, &o);
	int i;

	if (why) {
		for (i = 0; i < NR_REFUSALS; i++)
			ksft_test_result_skip("broken files are refused: %s\n", why);
		return;
	}

	ksft_test_result(header_refused(&s, offsetof(struct file_header, magic), 8),
			 "file with another magic is refused\n");
	ksft_test_result(header_refused(&s, offsetof(struct file_header, endian), 4),
			 "file of the other byte order is refused\n");
	ksft_test_result(header_refused(&s, offsetof(struct file_header, version), 4),
			 "file of an unknown version is refused\n");
	ksft_test_result(header_refused(&s, offsetof(struct file_header, machine), 4),
			 "file of another architecture is refused\n");
	ksft_test_result(truncated_refused(&s), "truncated file is refused\n");
	ksft_test_result(flips_refused(&s), "file with a flipped bit is refused\n");
	ksft_test_result(malformed_refused(&s), "file with a malformed record is refused\n");
	ksft_test_result(restore_refuses(&s), "restore creates no VM for a refused file\n");
	ksft_test_result(later_records(&s), "record of an unknown type is refused, and named\n");
	ksft_test_result(skips_optional(&s), "optional record of an unknown type is skipped\n");
	ksft_test_result(malformed_vectors(&s), "malformed vector is refused\n");
	free(s.data);
}

static int run_tests(void)
{
	report.prefix = "# ";
	ksft_print_header();
	ksft_set_plan(8 + NR_REFUSALS);
	test_round_trip(3);
	test_round_trip(2);
	test_refusals();
	ksft_finished();
}

/* ---------------------------------- Main ---------------------------------- */

static int help(void)
{
	fprintf(stderr,
		"usage: guest_state                               run as a selftest\n"
		"       guest_state save FILE [-g 2|3] [-c VCPUS] [-x pmu,sve,pauth,its]\n"
		"       guest_state restore [-m] [-v] [-o AGAIN] FILE...\n"
		"       guest_state show FILE\n");
	return EXIT_CANNOT;
}

/* Runs before the library's constructor, which skips without KVM. "show" needs no KVM. */
static void __attribute__((constructor(101))) show_without_kvm(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "show")) {
		int ret = show_file(argv[2]);

		fflush(stdout);
		_exit(ret);
	}
}

int main(int argc, char **argv)
{
	struct save_opts o = { .nr_vcpus = 1 };
	int opt, ret = EXIT_SAME;
	const char *cmd = argc > 1 ? argv[1] : "";

	if (argc == 1)
		return run_tests();

	argc--;
	argv++;
	while ((opt = getopt(argc, argv, "mvg:c:x:o:")) != -1) {
		switch (opt) {
		case 'm':
			report.machine = true;
			break;
		case 'v':
			report.verbose = true;
			break;
		case 'o':
			report.again = optarg;
			break;
		case 'g':
			o.gic = atoi_positive("GIC", optarg);
			break;
		case 'c':
			o.nr_vcpus = atoi_positive("vCPUs", optarg);
			break;
		case 'x':
			o.without = optarg;
			break;
		default:
			return help();
		}
	}
	if (optind == argc || o.gic == 1 || o.gic > 3 || o.nr_vcpus > BARE_VM_MAX_VCPUS)
		return help();

	if (!strcmp(cmd, "save") && optind == argc - 1)
		return in_child(argv[optind], &o);
	if (strcmp(cmd, "restore"))
		return help();
	for (; optind < argc; optind++)
		ret = max(ret, in_child(argv[optind], NULL));
	return ret;
}

#endif /* GUEST_STATE_LIBRARY */
