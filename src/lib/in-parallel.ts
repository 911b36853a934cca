/** Works on all of the items, on so many at once. The first failure ends it, with what is under way. */
export async function inParallel<T>(
	items: Iterable<T>,
	atOnce: number,
	work: (item: T) => Promise<void>,
): Promise<void> {
	const queue = items[Symbol.iterator]();
	let isFailing = false;
	const worker = async () => {
		for (let next = queue.next(); next.done !== true && !isFailing; next = queue.next()) {
			try {
				await work(next.value);
			} catch (error) {
				isFailing = true;
				throw error;
			}
		}
	};
	const workers = Array.from({ length: atOnce }, worker);
	const failed = (await Promise.allSettled(workers)).find((one) => one.status === "rejected");
	if (failed !== undefined) throw failed.reason;
}
