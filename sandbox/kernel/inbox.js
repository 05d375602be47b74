// Brings in what is new every two seconds, and leaves the form alone, in which
// a person may be writing. The server has escaped what the page is made of.
async function refresh() {
  const answer = await fetch(location.href);
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  for (const part of ["main", "#count", "title"]) {
    const [shown, latest] = [document.querySelector(part), page.querySelector(part)];
    if (shown.innerHTML !== latest.innerHTML) shown.replaceWith(document.adoptNode(latest));
  }
}

async function keepFresh() {
  try {
    if (!document.hidden) await refresh();
  } catch {
    // The sandbox is gone, or not back yet.
  }
  setTimeout(keepFresh, 2000);
}

setTimeout(keepFresh, 2000);
