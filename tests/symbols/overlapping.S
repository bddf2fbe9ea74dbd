/*
 * overlapping.S: blocks side by side that hold the same addresses, as gcc 12 writes them with -flto: the first is
 * empty, the second has the inlined call, in one more block whose list of ranges ends with its first entry, 0 0. Lines are those of a source that is not there:
 *
 *     outer   0  1  2  3  4  5  6  7          10
 *     block         [ 2        6 )            no call in it
 *     block         [ 2        6 )
 *     inner            [ 3  5 )               called in line 12
 */
	.file 1 "overlapping.c"

	.text
	.globl outer
	.type outer, @function
outer:
	.loc 1 10
	inc %eax
.Lblock:
	.loc 1 11
	inc %ebx
.Linner:
	.loc 1 3
	inc %ecx
	.loc 1 4
	inc %edx
.Linner_end:
	.loc 1 13
	inc %esi
.Lblock_end:
	.loc 1 14
	ret
.Lend:
	.size outer, . - outer
	.section .note.GNU-stack, "", @progbits

/* Abbreviations: code, tag, children, (attribute, form)..., 0 0. */
	.section .debug_abbrev, "", @progbits
.Labbrev:
	.uleb128 1, 0x11 /* compile_unit */
	.byte 1
	.uleb128 0x03, 0x08, 0x1b, 0x08 /* name, comp_dir: string */
	.uleb128 0x11, 0x01, 0x12, 0x07 /* low_pc: addr, high_pc: data8 */
	.uleb128 0x10, 0x17, 0, 0 /* stmt_list: sec_offset */
	.uleb128 2, 0x2e /* subprogram, as it was written */
	.byte 0
	.uleb128 0x03, 0x08, 0x20, 0x0b, 0, 0 /* name, inline: data1 */
	.uleb128 3, 0x2e /* subprogram */
	.byte 1
	.uleb128 0x03, 0x08, 0x11, 0x01, 0x12, 0x07, 0, 0
	.uleb128 4, 0x0b /* lexical_block */
	.byte 0
	.uleb128 0x11, 0x01, 0x12, 0x07, 0, 0
	.uleb128 5, 0x0b
	.byte 1
	.uleb128 0x11, 0x01, 0x12, 0x07, 0, 0
	.uleb128 6, 0x1d /* inlined_subroutine */
	.byte 0
	.uleb128 0x31, 0x13, 0x11, 0x01, 0x12, 0x07 /* abstract_origin: ref4 */
	.uleb128 0x58, 0x0b, 0x59, 0x0b, 0, 0 /* call_file, call_line: data1 */
	.uleb128 7, 0x0b
	.byte 1
	.uleb128 0x55, 0x17, 0, 0 /* ranges: sec_offset */
	.uleb128 0

	.section .debug_ranges, "", @progbits
.Lranges:
	.quad 0, 0
	.quad .Linner - outer, .Linner_end - outer
	.quad 0, 0

	.section .debug_line, "", @progbits
.Lline:

	.section .debug_info, "", @progbits
.Linfo:
	.long .Linfo_end - .Linfo - 4
	.short 4
	.long .Labbrev
	.byte 8
	.uleb128 1
	.asciz "overlapping.c"
	.asciz "/"
	.quad outer, .Lend - outer
	.long .Lline
.Lwritten:
	.uleb128 2
	.asciz "inner"
	.byte 1
	.uleb128 3
	.asciz "outer"
	.quad outer, .Lend - outer
	.uleb128 4
	.quad .Lblock, .Lblock_end - .Lblock
	.uleb128 5
	.quad .Lblock, .Lblock_end - .Lblock
	.uleb128 7
	.long .Lranges
	.uleb128 6
	.long .Lwritten - .Linfo
	.quad .Linner, .Linner_end - .Linner
	.byte 1, 12
	.byte 0, 0, 0, 0
.Linfo_end:
