// Begin: the page is complete without this script, so it only adds.
document.body.classList.add("scripted");
enhanceList();
