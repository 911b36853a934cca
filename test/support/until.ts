/** Waits for something that another process or the operating system does. */

const deadlineMs = 20_000;

/** Resolves when `condition` holds; throws when it does not for 20 s, so that no test hangs. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
	const end = performance.now() + deadlineMs;
	while (!(await condition())) {
		if (performance.now() > end) throw new Error(`not within ${deadlineMs} ms: ${condition}`);
		await Bun.sleep(1);
	}
}
