{
  // Calls are "METHOD /path", without a query. The fate of a call is the latest that a journey has set for it.
  const usual = globalThis.fetch;
  const fates = new Map();
  globalThis.decide = (call, fate) => fates.set(call, { ...fate, open: Promise.withResolvers() });
  globalThis.decideNothing = () => {
    for (const { open } of fates.values()) open.resolve();
    fates.clear();
  };
  globalThis.fetch = async (url, options = {}) => {
    const fate = fates.get(`${options.method ?? "GET"} ${new URL(url, location).pathname}`);
    if (fate?.instead) return new Response(JSON.stringify(fate.instead), { status: fate.status });
    if (fate?.held) await fate.open.promise;
    const answer = await usual(url, options);
    if (fate?.lost) throw new TypeError("the answer is lost");
    return answer;
  };
}
