/** Durations as Go writes them, which the predecessor's variables use. */

const unitMs: Readonly<Record<string, number>> = {
	ns: 1e-6,
	us: 1e-3,
	µs: 1e-3,
	μs: 1e-3,
	ms: 1,
	s: 1000,
	m: 60_000,
	h: 3_600_000,
};

/**
 * Milliseconds of a positive Go duration (`1h`, `90m`, `1h30m`, `1.5h`; time.ParseDuration), or
 * null for anything else: without a unit, zero, negative, or beyond what a number holds exactly.
 */
export function parseGoDuration(text: string): number | null {
	if (text.length > 64 || !/^(?:[0-9]+(?:\.[0-9]*)?(?:ns|us|µs|μs|ms|s|m|h))+$/.test(text)) {
		return null;
	}
	let ms = 0;
	for (const [, amount, unit] of text.matchAll(/([0-9.]+)(ns|us|µs|μs|ms|s|m|h)/g)) {
		ms += Number(amount) * (unitMs[unit ?? ""] ?? Number.NaN);
	}
	const whole = Math.round(ms);
	return whole >= 1 && Number.isSafeInteger(whole) ? whole : null;
}
