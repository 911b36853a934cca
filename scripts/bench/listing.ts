/** Listing 10,000 units. */
import { median, milliseconds, printTable, timed } from "./figures.ts";
import { type StoreName, startTaco, token } from "./processes.ts";

const units = 10_000;
const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };

/** Measures and prints. */
export async function benchListing(): Promise<void> {
	const rows: string[][] = [];
	for (const store of ["memory", "filesystem"] as const satisfies StoreName[]) {
		await using taco = await startTaco(store);
		let next = 0;
		const creator = async () => {
			for (let i = next++; i < units; i = next++) {
				const response = await fetch(`${taco.url}/v1/units`, {
					method: "POST",
					headers,
					body: JSON.stringify({ id: `team-${i % 100}/app-${i}/prod` }),
				});
				await response.arrayBuffer();
				if (response.status !== 201) throw new Error(`create answered ${response.status}`);
			}
		};
		const creating = await timed(() => Promise.all(Array.from({ length: 16 }, creator)));
		const list = async (query: string) => {
			const response = await fetch(`${taco.url}/v1/units${query}`, { headers });
			await response.arrayBuffer();
			if (!response.ok) throw new Error(`list answered ${response.status}`);
		};
		await list("");
		const sample = async (query: string) => {
			const samples: number[] = [];
			for (let i = 0; i < 60; i++) samples.push(await timed(() => list(query)));
			return milliseconds(median(samples));
		};
		rows.push([
			store,
			milliseconds(creating / units),
			await sample(""),
			await sample("?limit=100"),
			await sample("?prefix=team-7/"),
		]);
	}
	printTable(
		`Listing ${units} units, warm (medians)`,
		["store", "create, each (16 at once)", "all", "first 100", "one team (100)"],
		rows,
	);
}
