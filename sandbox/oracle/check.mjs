// What the scripts share: the sandbox's address, and a list of what went wrong.
export const sandbox = process.argv[2];

const faults = [];
let checks = 0;

export function check(name, got, want) {
  checks++;
  const [g, w] = [JSON.stringify(got), JSON.stringify(want)];
  if (g !== w) faults.push(`${name}: got ${g}, want ${w}`);
}

export async function messages(to) {
  const answer = await fetch(`${sandbox}/_sandbox/messages?to=${encodeURIComponent(to)}`);
  return (await answer.json()).messages;
}

// finish prints how many checks there were, so that a script that ends too early is seen.
export function finish() {
  for (const fault of faults) console.error(fault);
  console.log(`${checks} checks`);
  process.exit(faults.length > 0 ? 1 : 0);
}
