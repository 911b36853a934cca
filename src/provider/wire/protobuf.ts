/**
 * Protocol buffers, as far as the plugin protocol needs them: a message is a table of its fields.
 * Unknown fields are skipped, so that newer clients may send more than the tables know.
 */

export interface Field {
	readonly number: number;
	readonly type: "string" | "bytes" | "bool" | "int" | Message;
	/** Several of them, in an array. */
	readonly repeated?: true;
	/** Values by a string. */
	readonly map?: true;
	/** One of several: sent when it is given, also with its default value. */
	readonly oneOf?: true;
}

/** The fields of a message by name. */
export interface Message {
	readonly [name: string]: Field;
}

type Scalar<T> = T extends "string"
	? string
	: T extends "bytes"
		? Uint8Array
		: T extends "bool"
			? boolean
			: number;

type Many<F, T> = F extends { repeated: true }
	? readonly T[]
	: F extends { map: true }
		? Readonly<Record<string, T>>
		: T;

/** What may be given to be encoded; what is left out is not sent. */
export type Encodable<M extends Message> = {
	readonly [K in keyof M]?:
		| Many<M[K], M[K]["type"] extends Message ? Encodable<M[K]["type"]> : Scalar<M[K]["type"]>>
		| undefined;
};

/** What was decoded: absent scalars have the protocol's defaults, absent messages are undefined. */
export type Decoded<M extends Message> = {
	readonly [K in keyof M]: M[K]["type"] extends Message
		? M[K] extends { repeated: true } | { map: true }
			? Many<M[K], Decoded<M[K]["type"]>>
			: Decoded<M[K]["type"]> | undefined
		: Many<M[K], Scalar<M[K]["type"]>>;
};

const fieldBytesMax = 0x7fffffff;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Bytes of a message. */
export function encodeMessage<M extends Message>(table: M, value: Encodable<M>): Uint8Array {
	const chunks: Uint8Array[] = [];
	for (const [name, field] of Object.entries(table)) {
		const given = (value as Record<string, unknown>)[name];
		if (given === undefined) continue;
		if (field.repeated) {
			for (const one of given as readonly unknown[]) encodeField(field, one, chunks, true);
		} else if (field.map) {
			for (const [key, one] of Object.entries(given as Record<string, unknown>)) {
				const entry: Uint8Array[] = [];
				encodeField({ number: 1, type: "string" }, key, entry, true);
				encodeField({ number: 2, type: field.type }, one, entry, true);
				pushBytes(field.number, Buffer.concat(entry), chunks);
			}
		} else {
			encodeField(field, given, chunks, field.oneOf === true);
		}
	}
	return Buffer.concat(chunks);
}

function encodeField(field: Field, value: unknown, chunks: Uint8Array[], always: boolean): void {
	const { number, type } = field;
	if (type === "bool" || type === "int") {
		const int = typeof value === "boolean" ? Number(value) : (value as number);
		if (int === 0 && !always) return;
		chunks.push(varint(number << 3), varint(int));
	} else if (type === "string" || type === "bytes") {
		const bytes = type === "string" ? encoder.encode(value as string) : (value as Uint8Array);
		if (bytes.length > 0 || always) pushBytes(number, bytes, chunks);
	} else {
		pushBytes(number, encodeMessage(type, value as Encodable<Message>), chunks);
	}
}

function pushBytes(number: number, bytes: Uint8Array, chunks: Uint8Array[]): void {
	chunks.push(varint((number << 3) | 2), varint(bytes.length), bytes);
}

function varint(value: number): Uint8Array {
	if (value >= 0 && value <= 0x7f) return Uint8Array.of(value);
	let rest = BigInt.asUintN(64, BigInt(value));
	const bytes: number[] = [];
	while (rest > 0x7fn) {
		bytes.push(Number(rest & 0x7fn) | 0x80);
		rest >>= 7n;
	}
	bytes.push(Number(rest));
	return Uint8Array.from(bytes);
}

/** @throws Error when the bytes are no such message. */
export function decodeMessage<M extends Message>(table: M, bytes: Uint8Array): Decoded<M> {
	const names = new Map(Object.entries(table).map(([name, field]) => [field.number, name]));
	const value = defaults(table);
	const reader = new Reader(bytes);
	while (!reader.done) {
		const tag = reader.varint();
		const number = Number(tag >> 3n);
		const wire = Number(tag & 7n);
		if (number === 0) throw new Error("a field without a number");
		const name = names.get(number);
		const field = name === undefined ? undefined : table[name];
		if (name === undefined || field === undefined) reader.skip(wire);
		else place(value, name, field, wire, reader);
	}
	return value as Decoded<M>;
}

function defaults(table: Message): Record<string, unknown> {
	const value: Record<string, unknown> = {};
	for (const [name, { type, repeated, map }] of Object.entries(table)) {
		if (repeated) value[name] = [];
		else if (map) value[name] = Object.create(null);
		else if (type === "string") value[name] = "";
		else if (type === "bytes") value[name] = new Uint8Array(0);
		else if (type === "bool") value[name] = false;
		else if (type === "int") value[name] = 0;
		else value[name] = undefined;
	}
	return value;
}

function place(
	value: Record<string, unknown>,
	name: string,
	field: Field,
	wire: number,
	reader: Reader,
): void {
	const expected = field.map || !isInteger(field.type) ? 2 : 0;
	if (wire !== expected) throw new Error("a field of another type than expected");
	if (field.map) {
		const entry = decodeMessage(
			{ key: { number: 1, type: "string" }, value: { number: 2, type: field.type } },
			reader.bytes(),
		);
		(value[name] as Record<string, unknown>)[entry.key] = entry.value;
	} else if (field.repeated) {
		(value[name] as unknown[]).push(decodeField(field, reader));
	} else {
		value[name] = decodeField(field, reader);
	}
}

function isInteger(type: Field["type"]): boolean {
	return type === "bool" || type === "int";
}

function decodeField({ type }: Field, reader: Reader): unknown {
	if (type === "bool") return reader.varint() !== 0n;
	if (type === "int") return Number(BigInt.asIntN(64, reader.varint()));
	const bytes = reader.bytes();
	if (type === "bytes") return bytes;
	return type === "string" ? decoder.decode(bytes) : decodeMessage(type, bytes);
}

class Reader {
	readonly #bytes: Uint8Array;
	#at = 0;

	constructor(bytes: Uint8Array) {
		this.#bytes = bytes;
	}

	get done(): boolean {
		return this.#at >= this.#bytes.length;
	}

	varint(): bigint {
		let value = 0n;
		for (let shift = 0n; shift < 70n; shift += 7n) {
			const byte = this.#bytes[this.#at++];
			if (byte === undefined) break;
			value |= BigInt(byte & 0x7f) << shift;
			if (byte < 0x80) return BigInt.asUintN(64, value);
		}
		throw new Error("a number that does not end");
	}

	bytes(): Uint8Array {
		const length = this.varint();
		if (length > BigInt(fieldBytesMax)) throw new Error("a field that is too long");
		return this.#take(Number(length));
	}

	skip(wire: number): void {
		if (wire === 0) this.varint();
		else if (wire === 1) this.#take(8);
		else if (wire === 2) this.bytes();
		else if (wire === 5) this.#take(4);
		else throw new Error("a field of an unknown kind");
	}

	#take(length: number): Uint8Array {
		const end = this.#at + length;
		if (end > this.#bytes.length) throw new Error("a field that does not end");
		const taken = this.#bytes.subarray(this.#at, end);
		this.#at = end;
		return taken;
	}
}
