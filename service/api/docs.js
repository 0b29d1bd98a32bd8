"use strict";
// Sends what stands in an operation's text area, and shows the answer as text only.
for (const form of document.querySelectorAll("[data-path]")) {
  const body = form.querySelector("textarea");
  const output = form.querySelector("output");
  form.querySelector("button").addEventListener("click", async () => {
    output.textContent = "…";
    const request = { method: form.dataset.method };
    if (body) {
      request.body = body.value;
      request.headers = { "Content-Type": "application/json" };
    }
    try {
      const response = await fetch(form.dataset.path, request);
      const text = await response.text();
      let shown = text;
      try { shown = JSON.stringify(JSON.parse(text), null, 2); } catch { /* shown as it came */ }
      output.textContent = `${response.status}\n${shown}`;
    } catch (error) {
      output.textContent = `No answer: ${error.message}`;
    }
  });
}
