// The generator in the page: onnxruntime-web and the weights are unpacked from the page's own text,
// the reference images are drawn and compared, and only then can the sliders be moved.
// The runtime's blocks stand before this script, the weights' after it.
"use strict";
(() => {
  const place = document.getElementById("live-generator");
  const status = document.getElementById("live-status");
  const button = document.getElementById("live-noise");
  const sliders = [...place.querySelectorAll("input[type=range]")];
  const panels = [...document.querySelectorAll("[data-sizes]")];
  const canvases = [...place.querySelectorAll("canvas")];
  const { noise, width, rows, channels, imageHeight, imageWidth, tolerance } = Object.fromEntries(
    Object.entries(place.dataset).map(([name, text]) => [name, Number(text)]),
  );
  const plane = imageHeight * imageWidth;
  const imageSize = channels * plane;
  const encoded = new Float32Array(rows * width);
  let session;

  function show(state, text) {
    place.dataset.state = state;
    status.textContent = text;
  }

  function decode(text) {
    if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
    return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  }

  // Only a block that says how much it unpacks to is unpacked, and no further than that.
  async function bytesOf(id) {
    const block = document.getElementById(id);
    const bytes = decode(block.textContent);
    return "unpacked" in block.dataset ? unpack(bytes, Number(block.dataset.unpacked)) : bytes;
  }

  async function unpack(bytes, size) {
    const packed = new Blob([bytes]).stream();
    const reader = packed.pipeThrough(new DecompressionStream("gzip")).getReader();
    const whole = new Uint8Array(size);
    let filled = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      if (filled + value.length > size) {
        reader.cancel().catch(() => {});
        throw new Error(`the page holds more than the ${size} bytes that it declares`);
      }
      whole.set(value, filled);
      filled += value.length;
    }
    if (filled < size) throw new Error(`the page holds less than the ${size} bytes that it declares`);
    return whole;
  }

  // A page from file:// can fetch nothing, but it can run what it made itself.
  async function addressOf(id) {
    return URL.createObjectURL(new Blob([await bytesOf(id)], { type: "text/javascript" }));
  }

  // The first session starts the runtime, which takes longer than the weights' own session does. So
  // the first one is of a model that only hands its input on: the page is still being read then.
  const IDENTITY =
    "CAo6NwoQCgF4EgF5IghJZGVudGl0eRIBZ1oPCgF4EgoKCAgBEgQKAggBYg8KAXkSCgoICAESBAoCCAFCBAoAEBQ=";

  async function loadRuntime() {
    const script = document.createElement("script");
    script.src = await addressOf("live-script");
    await new Promise((resolve, reject) => {
      script.onload = resolve;
      script.onerror = () => reject(new Error("onnxruntime-web could not be run"));
      document.head.append(script);
    });
    const settings = globalThis.ort.env.wasm;
    settings.numThreads = 1;
    settings.wasmBinary = await bytesOf("live-webassembly");
    settings.wasmPaths = { mjs: await addressOf("live-loader") };
    await globalThis.ort.InferenceSession.create(decode(IDENTITY));
  }

  async function loadModel() {
    if (document.readyState === "loading") {
      await new Promise((resolve) => document.addEventListener("DOMContentLoaded", resolve));
    }
    return globalThis.ort.InferenceSession.create(await bytesOf("live-model"), {
      executionProviders: ["wasm"],
      graphOptimizationLevel: "extended",
    });
  }

  async function generate(input) {
    const tensor = new globalThis.ort.Tensor("float32", input, [rows, width]);
    const { images } = await session.run({ encoded: tensor });
    const size = [rows, channels, imageHeight, imageWidth];
    if (images.dims.join() !== size.join()) throw new Error("it draws images of another size");
    return images.data;
  }

  async function largestDifference() {
    const reference = await bytesOf("live-reference");
    const input = new Float32Array(reference.buffer.slice(0, 4 * rows * width));
    const wanted = reference.subarray(4 * rows * width);
    const drawn = await generate(input);
    encoded.set(input);
    return wanted.reduce((most, value, i) => Math.max(most, Math.abs(value - drawn[i])), 0);
  }

  function paint(images) {
    canvases.forEach((canvas, row) => {
      const picture = new ImageData(imageWidth, imageHeight);
      for (let i = 0; i < plane; i++) {
        for (let colour = 0; colour < 3; colour++) {
          const channel = channels === 1 ? 0 : colour;
          picture.data[4 * i + colour] = images[row * imageSize + channel * plane + i];
        }
        picture.data[4 * i + 3] = 255;
      }
      canvas.getContext("2d").putImageData(picture, 0, 0);
    });
  }

  // The category at a slider's position, in the order that is chosen for the whole page.
  function category(slider) {
    const order = slider.dataset.order;
    const position = slider.valueAsNumber;
    return order && !raw() ? Number(order.split(" ")[position]) : position;
  }

  function raw() {
    return document.querySelector('input[data-order="raw"]:checked') !== null;
  }

  function writeCodes() {
    for (const slider of sliders) {
      const column = Number(slider.dataset.column);
      const categories = Number(slider.dataset.categories);
      for (let start = 0; start < encoded.length; start += width) {
        if (categories) {
          encoded.fill(0, start + column, start + column + categories);
          encoded[start + column + category(slider)] = 1;
        } else if ("circular" in slider.dataset) {
          encoded[start + column] = Math.cos(slider.valueAsNumber);
          encoded[start + column + 1] = Math.sin(slider.valueAsNumber);
        } else {
          encoded[start + column] = slider.valueAsNumber;
        }
      }
    }
  }

  function describe(slider) {
    const { low, high, matched, order } = slider.dataset;
    const value = slider.valueAsNumber;
    const beyond = value < Number(low) || value > Number(high);
    const number = String(Number(value.toPrecision(3))).replace("-", "\u2212");
    const text = order && !raw() ? JSON.parse(matched)[value] : number + (beyond ? ", beyond" : "");
    slider.parentElement.querySelector("output").textContent = text;
    slider.setAttribute("aria-valuetext", text);
  }

  // The images generated in advance, of other models, follow at the nearest of their positions.
  function lead(slider, which) {
    for (const panel of which) {
      const inputs = [...panel.querySelectorAll("input[type=range]")];
      const still = inputs.find((input) => input.dataset.name === slider.dataset.name);
      if (!still) continue;
      const far = (at) => Math.abs(at - slider.valueAsNumber);
      const values = JSON.parse(still.dataset.values);
      const nearest = values.reduce((best, at, i) => (far(at) < far(values[best]) ? i : best), 0);
      still.value = slider.dataset.categories ? slider.value : nearest;
      still.dispatchEvent(new Event("input"));
    }
  }

  // One control at a time: these sliders where the generator is on, else those of the images.
  function takeOver(on) {
    document.getElementById("live-controls").hidden = !on;
    for (const panel of panels) {
      for (const part of panel.querySelectorAll(".sliders, .order, [data-scripted]")) part.hidden = on;
      for (const row of panel.querySelectorAll('[data-model="0"]')) row.hidden = on;
    }
  }

  // While a row is being drawn the sliders move on; the next row shows where they are then.
  let drawing = false;
  let changed = false;
  async function draw() {
    changed = true;
    if (drawing) return;
    drawing = true;
    try {
      while (changed) {
        changed = false;
        const start = performance.now();
        writeCodes();
        paint(await generate(encoded));
        performance.measure("live row", { start, end: performance.now() });
      }
    } catch (error) {
      fail(error.message);
    }
    drawing = false;
  }

  function newNoise() {
    for (let start = 0; start < encoded.length; start += width) {
      for (let i = 0; i < noise; i++) {
        // Box and Muller: a standard normal variable from two uniform ones.
        const radius = Math.sqrt(-2 * Math.log(1 - Math.random()));
        encoded[start + i] = radius * Math.cos(2 * Math.PI * Math.random());
      }
    }
    draw();
  }

  function fail(reason) {
    for (const control of [...sliders, button]) control.disabled = true;
    takeOver(false);
    show("failed", `The generator is off: ${reason}. The rest of this page works without it.`);
  }

  async function start() {
    show("loading", "Loading the generator.");
    await loadRuntime();
    session = await loadModel();
    const difference = await largestDifference();
    if (difference > tolerance) {
      throw new Error(
        `its images differ from the reference images by ${difference} of 255 grey levels, ` +
          `and ${tolerance} are allowed`,
      );
    }
    await draw();
    for (const slider of sliders) {
      slider.addEventListener("input", () => {
        describe(slider);
        lead(slider, panels);
        draw();
      });
    }
    for (const choice of document.querySelectorAll("input[data-order]")) {
      choice.addEventListener("change", () => {
        sliders.forEach(describe);
        draw();
      });
    }
    takeOver(true);
    const together = panels.filter((panel) => panel.dataset.joint === "true");
    for (const slider of sliders) lead(slider, together);
    button.addEventListener("click", newNoise);
    for (const control of [...sliders, button]) control.disabled = false;
    performance.mark("live ready");
    show(
      "ready",
      `The generator is on. ${rows} images, drawn here, differ from the reference images ` +
        `by at most ${difference} of 255 grey levels.`,
    );
  }

  start().catch((error) => fail(error.message));
})();
