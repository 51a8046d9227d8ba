/* The instructions we use, by their names in the WebAssembly specification: what they take, what they give, their bytes. */

/** Types of values on the stack. */
export type ValueType = "i32" | "i64" | "f32" | "f64" | "v128";

/** One instruction. */
export interface Instruction {
  readonly takes: readonly ValueType[];
  readonly gives: ValueType | null;
  readonly bytes: readonly number[];
  /** What follows the opcode: an address with its offset, a lane, both, or sixteen lane numbers. */
  readonly immediate?: Immediate;
  /** log2 of the bytes an access touches: its natural alignment. */
  readonly align?: number;
}

type Immediate = "memory" | "lane" | "memory lane" | "lanes";

/** Bytes of an unsigned number, seven bits each (LEB128). */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    const byte = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? byte : byte | 0x80);
  } while (rest !== 0);
  return bytes;
}

type Row = readonly [takes: string, gives: string, opcode: number, extra?: Immediate, align?: number];

const plain = {
  "i32.load": ["i32", "i32", 0x28, "memory", 2],
  "f32.load": ["i32", "f32", 0x2a, "memory", 2],
  "f64.load": ["i32", "f64", 0x2b, "memory", 3],
  "i32.load8_u": ["i32", "i32", 0x2d, "memory", 0],
  "i32.store": ["i32 i32", "", 0x36, "memory", 2],
  "f32.store": ["i32 f32", "", 0x38, "memory", 2],
  "f64.store": ["i32 f64", "", 0x39, "memory", 3],
  "i32.store8": ["i32 i32", "", 0x3a, "memory", 0],

  "i32.eqz": ["i32", "i32", 0x45],
  "i32.eq": ["i32 i32", "i32", 0x46],
  "i32.ne": ["i32 i32", "i32", 0x47],
  "i32.lt_s": ["i32 i32", "i32", 0x48],
  "i32.lt_u": ["i32 i32", "i32", 0x49],
  "i32.gt_s": ["i32 i32", "i32", 0x4a],
  "i32.gt_u": ["i32 i32", "i32", 0x4b],
  "i32.le_s": ["i32 i32", "i32", 0x4c],
  "i32.ge_s": ["i32 i32", "i32", 0x4e],
  "f32.eq": ["f32 f32", "i32", 0x5b],
  "f32.ne": ["f32 f32", "i32", 0x5c],
  "f32.lt": ["f32 f32", "i32", 0x5d],
  "f32.le": ["f32 f32", "i32", 0x5f],
  "f64.eq": ["f64 f64", "i32", 0x61],
  "f64.ne": ["f64 f64", "i32", 0x62],
  "f64.lt": ["f64 f64", "i32", 0x63],
  "f64.le": ["f64 f64", "i32", 0x65],

  "i32.add": ["i32 i32", "i32", 0x6a],
  "i32.sub": ["i32 i32", "i32", 0x6b],
  "i32.mul": ["i32 i32", "i32", 0x6c],
  "i32.div_s": ["i32 i32", "i32", 0x6d],
  "i32.and": ["i32 i32", "i32", 0x71],
  "i32.or": ["i32 i32", "i32", 0x72],
  "i32.xor": ["i32 i32", "i32", 0x73],
  "i32.shl": ["i32 i32", "i32", 0x74],
  "i32.shr_s": ["i32 i32", "i32", 0x75],
  "i32.shr_u": ["i32 i32", "i32", 0x76],

  "i64.mul": ["i64 i64", "i64", 0x7e],
  "i64.shr_u": ["i64 i64", "i64", 0x88],
  "i32.wrap_i64": ["i64", "i32", 0xa7],
  "i64.extend_i32_u": ["i32", "i64", 0xad],

  "f32.abs": ["f32", "f32", 0x8b],
  "f32.neg": ["f32", "f32", 0x8c],
  "f32.floor": ["f32", "f32", 0x8e],
  "f32.sqrt": ["f32", "f32", 0x91],
  "f32.add": ["f32 f32", "f32", 0x92],
  "f32.sub": ["f32 f32", "f32", 0x93],
  "f32.mul": ["f32 f32", "f32", 0x94],
  "f32.div": ["f32 f32", "f32", 0x95],
  "f32.min": ["f32 f32", "f32", 0x96],
  "f32.max": ["f32 f32", "f32", 0x97],
  "f64.abs": ["f64", "f64", 0x99],
  "f64.neg": ["f64", "f64", 0x9a],
  "f64.floor": ["f64", "f64", 0x9c],
  "f64.sqrt": ["f64", "f64", 0x9f],
  "f64.add": ["f64 f64", "f64", 0xa0],
  "f64.sub": ["f64 f64", "f64", 0xa1],
  "f64.mul": ["f64 f64", "f64", 0xa2],
  "f64.div": ["f64 f64", "f64", 0xa3],
  "f64.min": ["f64 f64", "f64", 0xa4],
  "f64.max": ["f64 f64", "f64", 0xa5],

  "f32.convert_i32_s": ["i32", "f32", 0xb2],
  "f32.demote_f64": ["f64", "f32", 0xb6],
  "f64.convert_i32_s": ["i32", "f64", 0xb7],
  "f64.promote_f32": ["f32", "f64", 0xbb],
  "i32.reinterpret_f32": ["f32", "i32", 0xbc],
  "f32.reinterpret_i32": ["i32", "f32", 0xbe],
} satisfies Record<string, Row>;

/** Behind the prefix 0xfc. */
const saturating = {
  "i32.trunc_sat_f32_s": ["f32", "i32", 0],
  "i32.trunc_sat_f64_s": ["f64", "i32", 2],
} satisfies Record<string, Row>;

/** Behind the prefix 0xfd. */
const simd = {
  "v128.load": ["i32", "v128", 0, "memory", 4],
  "v128.load32_splat": ["i32", "v128", 9, "memory", 2],
  "v128.load64_splat": ["i32", "v128", 10, "memory", 3],
  "v128.store": ["i32 v128", "", 11, "memory", 4],
  "i8x16.shuffle": ["v128 v128", "v128", 13, "lanes"],
  "i32x4.splat": ["i32", "v128", 17],
  "f32x4.splat": ["f32", "v128", 19],
  "f64x2.splat": ["f64", "v128", 20],
  "i32x4.extract_lane": ["v128", "i32", 27, "lane"],
  "f32x4.extract_lane": ["v128", "f32", 31, "lane"],
  "f32x4.replace_lane": ["v128 f32", "v128", 32, "lane"],
  "f64x2.extract_lane": ["v128", "f64", 33, "lane"],
  "i32x4.eq": ["v128 v128", "v128", 55],
  "i32x4.ne": ["v128 v128", "v128", 56],
  "i32x4.lt_s": ["v128 v128", "v128", 57],
  "i32x4.le_s": ["v128 v128", "v128", 61],
  "f32x4.eq": ["v128 v128", "v128", 65],
  "f32x4.ne": ["v128 v128", "v128", 66],
  "f32x4.lt": ["v128 v128", "v128", 67],
  "f32x4.le": ["v128 v128", "v128", 69],
  "v128.not": ["v128", "v128", 77],
  "v128.and": ["v128 v128", "v128", 78],
  "v128.andnot": ["v128 v128", "v128", 79],
  "v128.or": ["v128 v128", "v128", 80],
  "v128.xor": ["v128 v128", "v128", 81],
  "v128.bitselect": ["v128 v128 v128", "v128", 82],
  "v128.any_true": ["v128", "i32", 83],
  "v128.load32_lane": ["i32 v128", "v128", 86, "memory lane", 2],
  "v128.store32_lane": ["i32 v128", "", 90, "memory lane", 2],
  "v128.load32_zero": ["i32", "v128", 92, "memory", 2],
  "f32x4.floor": ["v128", "v128", 104],
  "i32x4.abs": ["v128", "v128", 160],
  "i32x4.neg": ["v128", "v128", 161],
  "i32x4.shl": ["v128 i32", "v128", 171],
  "i32x4.shr_s": ["v128 i32", "v128", 172],
  "i32x4.shr_u": ["v128 i32", "v128", 173],
  "i32x4.add": ["v128 v128", "v128", 174],
  "i32x4.sub": ["v128 v128", "v128", 177],
  "i32x4.mul": ["v128 v128", "v128", 181],
  "i32x4.min_s": ["v128 v128", "v128", 182],
  "i32x4.max_s": ["v128 v128", "v128", 184],
  "f32x4.abs": ["v128", "v128", 224],
  "f32x4.neg": ["v128", "v128", 225],
  "f32x4.sqrt": ["v128", "v128", 227],
  "f32x4.add": ["v128 v128", "v128", 228],
  "f32x4.sub": ["v128 v128", "v128", 229],
  "f32x4.mul": ["v128 v128", "v128", 230],
  "f32x4.div": ["v128 v128", "v128", 231],
  "f32x4.min": ["v128 v128", "v128", 232],
  "f32x4.max": ["v128 v128", "v128", 233],
  "f32x4.pmin": ["v128 v128", "v128", 234],
  "f32x4.pmax": ["v128 v128", "v128", 235],
  "i32x4.trunc_sat_f32x4_s": ["v128", "v128", 248],
  "f32x4.convert_i32x4_s": ["v128", "v128", 250],
  "f32x4.relaxed_madd": ["v128 v128 v128", "v128", 0x105],
} satisfies Record<string, Row>;

/** Behind the prefix 0xfe; for memory that threads share. */
const atomic = {
  "memory.atomic.notify": ["i32 i32", "i32", 0, "memory", 2],
  "memory.atomic.wait32": ["i32 i32 i64", "i32", 1, "memory", 2],
  "i32.atomic.load": ["i32", "i32", 16, "memory", 2],
  "i32.atomic.store": ["i32 i32", "", 23, "memory", 2],
  "i32.atomic.rmw.add": ["i32 i32", "i32", 30, "memory", 2],
} satisfies Record<string, Row>;

export type InstructionName = keyof typeof plain | keyof typeof saturating | keyof typeof simd | keyof typeof atomic;

function table(rows: Record<string, Row>, prefix?: number): [string, Instruction][] {
  return Object.entries(rows).map(([name, [takes, gives, opcode, immediate, align]]) => [
    name,
    {
      takes: takes.split(" ") as ValueType[],
      gives: (gives || null) as ValueType | null,
      bytes: prefix === undefined ? [opcode] : [prefix, ...unsigned(opcode)],
      ...(immediate && { immediate }),
      ...(align !== undefined && { align }),
    },
  ]);
}

export const instructions = Object.fromEntries([
  ...table(plain),
  ...table(saturating, 0xfc),
  ...table(simd, 0xfd),
  ...table(atomic, 0xfe),
]) as { readonly [N in InstructionName]: Instruction };
