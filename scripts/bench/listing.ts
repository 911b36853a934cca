/** Listing 10,000 units. */
import { median, milliseconds, printTable, timed } from "./figures.ts";
import { type StoreName, startTaco, token } from "./processes.ts";

const units = 10_000;
const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };

/** Measures and prints. */
export async function benchListing(): Promise<void> {
	const rows: string[][] = [];
	const workspaces: string[][] = [];
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
		workspaces.push([store, ...(await listWorkspaces(taco.url))]);
	}
	printTable(
		`Listing ${units} units, warm (medians)`,
		["store", "create, each (16 at once)", "all", "first 100", "one team (100)"],
		rows,
	);
	printTable(
		`Listing the same as ${units} workspaces over the TFE API, warm (medians)`,
		["store", "first page (100)", "the last page", "searched by name (100)", "all 100 pages"],
		workspaces,
	);
}

/** What cloud blocks and API clients ask for. */
async function listWorkspaces(url: string): Promise<string[]> {
	const page = async (query: string) => {
		const path = "/tfe/api/v2/organizations/default/workspaces";
		const response = await fetch(`${url}${path}?${query}`, { headers });
		await response.arrayBuffer();
		if (!response.ok) throw new Error(`the list of workspaces answered ${response.status}`);
	};
	const sample = async (query: string) => {
		const samples: number[] = [];
		for (let i = 0; i < 30; i++) samples.push(await timed(() => page(query)));
		return milliseconds(median(samples));
	};
	const all = await timed(async () => {
		for (let number = 1; number <= units / 100; number++) await page(`page[number]=${number}`);
	});
	return [
		await sample(""),
		await sample(`page[number]=${units / 100}`),
		await sample("search[name]=team-7__"),
		milliseconds(all),
	];
}
