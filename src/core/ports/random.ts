/** Randomness, injected: cryptographically strong in production, seeded in the simulation. */
export interface Random {
	/** `bytes` random bytes. */
	bytes(bytes: number): Uint8Array;
	/** A number in [0, 1), for jitter only. */
	fraction(): number;
}

/** A fresh identifier of 128 random bits as 32 lower-case hex digits. */
export function randomId(random: Random): string {
	return Buffer.from(random.bytes(16)).toString("hex");
}

/** A fresh UUID (RFC 9562, version 4). */
export function randomUuid(random: Random): string {
	const bytes = random.bytes(16);
	bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x40;
	bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
	const hex = Buffer.from(bytes).toString("hex");
	return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
