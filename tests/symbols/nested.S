/*
 * nested.S: a function of DEPTH blocks, each in the one before, none with a range: a byte of .debug_info for each.
 */
	.text
.Lbegin:
	.globl nested
	.type nested, @function
nested:
	ret
	.size nested, . - nested
.Lend:
	.section .note.GNU-stack, "", @progbits

/* Abbreviations: code, tag, children, (attribute, form)..., 0 0. */
	.section .debug_abbrev, "", @progbits
	.uleb128 1, 0x11 /* compile_unit */
	.byte 1
	.uleb128 0x11, 1, 0x12, 7, 3, 8, 0, 0 /* low_pc, high_pc, name */
	.uleb128 2, 0x2e /* subprogram */
	.byte 1
	.uleb128 3, 8, 0x11, 1, 0x12, 7, 0, 0 /* name, low_pc, high_pc */
	.uleb128 3, 0x0b /* lexical_block */
	.byte 1
	.uleb128 0, 0
	.byte 0

	.section .debug_info, "", @progbits
	.long .Linfo_end - .Linfo
.Linfo:
	.value 4
	.long 0
	.byte 8
	.uleb128 1
	.quad .Lbegin
	.quad .Lend - .Lbegin
	.string "nested.c"
	.uleb128 2
	.string "nested"
	.quad .Lbegin
	.quad .Lend - .Lbegin
	.fill DEPTH, 1, 3
	.fill DEPTH + 2, 1, 0
.Linfo_end:
