// Shows the words of the mark under the pointer; without JavaScript the page lacks nothing but this.
(function () {
  var box = document.getElementById("say");
  function show(event) {
    var mark = event.target.closest ? event.target.closest("[data-say]") : null;
    box.hidden = !mark;
    if (!mark) return;
    box.textContent = mark.getAttribute("data-say");
    var left = Math.min(event.clientX + 14, window.innerWidth - box.offsetWidth - 8);
    var top = event.clientY + 18;
    if (top + box.offsetHeight > window.innerHeight) top = event.clientY - box.offsetHeight - 12;
    box.style.left = Math.max(8, left) + "px";
    box.style.top = top + "px";
  }
  document.addEventListener("pointermove", show);
  document.addEventListener("pointerdown", show);
})();
