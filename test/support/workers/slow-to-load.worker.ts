const LOAD_MS = 600;

const loaded = performance.now() + LOAD_MS;
while (performance.now() < loaded);

export default async ({ workMs }: { workMs: number }): Promise<string> => {
  await new Promise((resolve) => setTimeout(resolve, workMs));
  return `worked for ${workMs} ms`;
};
