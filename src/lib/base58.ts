/** Bytes as base58 text: letters and digits that cannot be mistaken for each other. */

const alphabet = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

/** The bytes in base58, in Bitcoin's alphabet; each zero byte at the start is a `1`. */
export function base58(bytes: Uint8Array): string {
	if (bytes.length === 0) return "";
	const zeros = bytes.findIndex((byte) => byte !== 0);
	const leading = "1".repeat(zeros === -1 ? bytes.length : zeros);
	let rest = BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
	let text = "";
	for (; rest > 0n; rest /= 58n) text = `${alphabet[Number(rest % 58n)]}${text}`;
	return leading + text;
}

/** The bytes as a number in base58 of exactly so many digits; what does not fit is left out. */
export function base58Digits(bytes: Uint8Array, digits: number): string {
	let rest = BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
	let text = "";
	for (; text.length < digits; rest /= 58n) text = `${alphabet[Number(rest % 58n)]}${text}`;
	return text;
}
